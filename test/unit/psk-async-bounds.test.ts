import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { DtlsAssociation, DtlsError, DtlsServer } from '../../lib';
import { type Deferred, deferred } from '../../lib/association/deferred';
import { HeldDatagrams } from '../../lib/association/held-datagrams';
import { HandshakeType } from '../../lib/handshake/wire';
import { rejected } from '../support/errors';
import { dropMessage, Link, type Rule } from '../support/link';
import { client, key, openPair, psk, serve, talk } from '../support/pair';
import { clientWaits, peerOf, serverWaits } from '../support/psk-waiting';
import { handshake } from '../support/wire';

describe('datagrams that wait for an answer', () => {
  test('are copies, in order', () => {
    const held = new HeldDatagrams();
    const memory = Buffer.from('one');
    held.add(memory);
    memory.write('two');
    held.add(memory);
    expect([...held].map(String)).toEqual(['one', 'two']);
  });

  test('are 32 at most, and 64 KiB', () => {
    const many = new HeldDatagrams();
    for (let i = 0; i < 100; i++) many.add(Buffer.of(i));
    expect([...many]).toHaveLength(32);
    const large = new HeldDatagrams();
    for (let i = 0; i < 9; i++) large.add(Buffer.alloc(8192));
    expect([...large]).toHaveLength(8);
  });
});

/** The first record of the client's last flight, its key exchange; the others are kept back in `rest`. */
function keyExchangeOnly(rest: Buffer[]): Rule {
  return (datagram) => {
    if (datagram[13] !== HandshakeType.ClientKeyExchange) return [datagram];
    const size = 13 + datagram.readUInt16BE(11);
    rest.push(datagram.subarray(size));
    return [datagram.subarray(0, size)];
  };
}

describe('while an association waits, what comes is held within bounds', () => {
  const floods: Array<[string, (question: Buffer) => Buffer, number]> = [
    ['repetitions', (question) => question, 32],
    ['large noise', () => Buffer.alloc(15_000, 0xff), 4],
  ];

  test.each(floods)('on a server: %s', async (_, make, count) => {
    const rest: Buffer[] = [];
    const waiting = await serverWaits({ toServer: keyExchangeOnly(rest) });
    const { link, transport, association, asked, answer } = waiting;
    const question = link.toServer.sent.at(-1)?.subarray(0, 13 + 12 + 7) as Buffer;
    for (let i = 0; i < 100; i++) link.inject(make(question), transport.address);
    await link.quiet();
    answer.resolve(key);
    await link.quiet();
    link.inject(rest[0] as Buffer, transport.address);
    await association.opened;
    // The hello, the key exchange and the rest of its flight beside them.
    expect(peerOf(waiting).handshake?.datagramsReceived).toBe(3 + count);
    expect(asked).toHaveLength(1);
  });

  test.each(floods)('on a client: %s', async (_, make, count) => {
    const { link, transport, association, asked, answer } = await clientWaits();
    const question = link.toClient.sent.at(-1) as Buffer;
    for (let i = 0; i < 100; i++) link.injectToClient(make(question), transport.address);
    await link.quiet();
    answer.resolve(psk);
    await association.opened;
    // The HelloVerifyRequest and both flights of the server beside them.
    expect(association.handshake?.datagramsReceived).toBe(3 + count);
    expect(asked).toHaveLength(1);
  });
});

describe('a server whose pskCallback takes its time', () => {
  /** Answers at once for everybody but those who begin with "slow". */
  async function slowServer(limits = {}) {
    const link = new Link();
    const answers = new Map<string, Deferred<Uint8Array>>();
    const server = await serve(link, {
      limits,
      pskCallback: (identity) => {
        if (!identity.startsWith('slow')) return key;
        const answer = deferred<Uint8Array>();
        answers.set(identity, answer);
        return answer.promise;
      },
    });
    const named = (identity: string) => client(link, { psk: { identity, key } }).startHandshake();
    return { link, server, answers, named };
  }

  test('serves all others meanwhile', async () => {
    const { link, server, answers, named } = await slowServer();
    const before = await client(link).startHandshake().opened;
    await link.quiet();
    const [peer] = server.associations;
    const slow = named('slow');
    await link.quiet();
    await talk(before, peer as DtlsAssociation);
    await named('quick').opened;
    await client(link).startHandshake().opened;
    expect(slow.state).toBe('handshaking');
    answers.get('slow')?.resolve(key);
    await slow.opened;
  });

  test('has no more handshakes that wait than limits.maxHandshakes', async () => {
    const { link, server, answers, named } = await slowServer({ maxHandshakes: 3 });
    const clients = [1, 2, 3, 4, 5].map((n) => named(`slow ${n}`));
    await link.quiet();
    expect([...answers.keys()]).toEqual(['slow 1', 'slow 2', 'slow 3']);
    expect(server.stats).toMatchObject({ handshakesStarted: 3, refused: { maxHandshakes: 2 } });
    for (const answer of answers.values()) answer.resolve(key);
    await Promise.all(clients.slice(0, 3).map(({ opened }) => opened));
    await named('quick').opened;
    expect(server.stats.refused.maxHandshakes).toBe(2);
  });

  test('forgets the answer for a client that began anew, and asks for the new handshake', async () => {
    const { link, server, answers, named } = await slowServer();
    const transport = link.client();
    const first = client(link, { transport, psk: { identity: 'slow', key } }).startHandshake();
    await link.quiet();
    const stale = answers.get('slow');
    await first.close();
    const again = client(link, { transport: link.client(transport.address), psk: { identity: 'slow', key } });
    again.startHandshake();
    await link.quiet();
    expect(answers.get('slow')).not.toBe(stale);
    stale?.resolve(key);
    await link.quiet();
    expect(again.state).toBe('handshaking');
    answers.get('slow')?.resolve(key);
    await again.opened;
    expect(server.stats.handshakesFailed).toBe(1);
    await named('quick').opened;
  });
});

/** A server that is asked for the key of whoever `send` makes the client's key exchange name. */
async function named(send: (wire: { inject(datagram: Buffer): void }) => void) {
  const asked: string[] = [];
  const link = new Link();
  const server: DtlsServer = await serve(link, {
    pskCallback: async (identity) => {
      asked.push(identity);
      return key;
    },
  });
  const peerErrors = once(server, 'peerError') as Promise<[DtlsError]>;
  link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
  const transport = link.client();
  const association = client(link, { transport, ciphers: 'PSK-AES128-GCM-SHA256' }).startHandshake();
  await link.quiet();
  send({ inject: (datagram) => link.inject(datagram, transport.address) });
  return { asked, peerError: (await peerErrors)[0], error: await rejected(association.opened) };
}

/** A ClientKeyExchange (RFC 4279 section 2), behind two hellos, or the bytes of one from `at` up to `to`. */
function keyExchange(identity: string | Buffer, sequence: number, at = 0, to?: number): Buffer {
  const bytes = Buffer.from(identity);
  const body = Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
  return handshake(16, 2, { body: body.subarray(at, to), total: body.length, at, sequence });
}

describe('a client that names', () => {
  test('two identities in contradicting fragments does not get the key of one for the other', async () => {
    const { asked, peerError } = await named(({ inject }) => {
      // OpenSSL drops the second as a replay (RFC 6347 section 4.1.2.6) and reads "ghost".
      inject(keyExchange('ghost', 2, 0, 6));
      inject(keyExchange('guest', 2, 0, 6));
      inject(keyExchange('ghost', 3, 6));
    });
    expect(asked).toEqual(['guest']);
    expect(peerError).toMatchObject({ code: 'ERR_DTLS_PSK_UNKNOWN', alert: 'unknown_psk_identity' });
    expect(peerError.message).toContain('"ghost"');
  });

  test.each([
    ['an identity of more than 128 bytes', 'i'.repeat(129)],
    ['an empty identity', ''],
    ['an identity with a NUL in it', 'bob\0by'],
    ['an identity that is no UTF-8', Buffer.of(0xff, 0xfe)],
  ])('%s is unknown, and the pskCallback is not asked', async (_, identity) => {
    const { asked, peerError, error } = await named(({ inject }) => inject(keyExchange(identity, 2)));
    expect(asked).toEqual([]);
    for (const each of [peerError, error]) {
      expect(each).toMatchObject({ code: 'ERR_DTLS_PSK_UNKNOWN', alert: 'unknown_psk_identity' });
    }
  });
});

test('a pskCallback that answers by promises is not asked for identities that psk holds', async () => {
  const asked: string[] = [];
  const { link } = await openPair({
    server: {
      psk: { alice: key },
      pskCallback: async (identity) => {
        asked.push(identity);
        return key;
      },
    },
  });
  await client(link, { psk: { identity: 'bob', key } }).startHandshake().opened;
  expect(asked).toEqual(['bob']);
});

describe('an answer that is there at once takes no detour: the next flight leaves in the same turn', () => {
  test('of a client', async () => {
    const link = new Link();
    await serve(link);
    const transport = link.client();
    link.toClient.rule = (datagram, n) => (n === 0 ? [datagram] : []);
    client(link, { transport, pskCallback: () => psk }).startHandshake();
    await link.quiet();
    expect(link.toServer.sent).toHaveLength(2);
    transport.receiver?.datagram(Buffer.from(link.toClient.sent[1] as Buffer));
    expect(link.toServer.sent).toHaveLength(3);
  });

  test('of a server', async () => {
    const link = new Link();
    await serve(link, { psk: undefined, pskCallback: () => key });
    const transport = link.client();
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    client(link, { transport }).startHandshake();
    await link.quiet();
    expect(link.toClient.sent).toHaveLength(2);
    link.arriveAtServer(link.toServer.sent[2] as Buffer, transport.address);
    expect(link.toClient.sent).toHaveLength(3);
  });
});
