import { once } from 'node:events';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { createServer, DtlsAssociation, DtlsError, type Transport } from '../../lib';
import { rejected } from '../support/errors';
import { Link, type LinkClient } from '../support/link';
import { client, closeLater, key, openPair, psk, serve, talk } from '../support/pair';
import { ODD_NAMES, odd, throwOwn } from './odd-values';
import { catchUncaught, uncaught } from './stage';
import { verdictOf } from './verdict';

beforeEach(catchUncaught);

/** A transport that is like another one but for some of its properties. */
function changed(transport: LinkClient, change: Partial<Record<keyof Transport, unknown>>): Transport {
  for (const [name, value] of Object.entries(change)) Object.defineProperty(transport, name, { value, writable: true });
  return transport;
}

describe("what a client's transport says of its peer may be anything:", () => {
  test('the association fails with its own error all the same', async () => {
    for (const name of ODD_NAMES.filter((value) => !/proxy/.test(value))) {
      const transport = changed(new Link().client(), { remote: odd(name) });
      const association = new DtlsAssociation({ psk, transport, handshakeTimeout: 1 });
      const error = await rejected(association.startHandshake().opened);
      expect([name, error.code]).toEqual([name, 'ERR_DTLS_HANDSHAKE_TIMEOUT']);
      expect(association.remote).toEqual({ address: 'localhost', port: 0, family: 'unknown' });
    }
    expect(uncaught).toEqual([]);
  });
});

test('a transport that sends messages while it sends one keeps each whole', async () => {
  const { client: one, peer, transport, link } = await openPair();
  const { send } = transport;
  let depth = 0;
  transport.send = (datagram) => {
    if (depth < 20) one.send(`message ${++depth}`);
    return send.call(transport, datagram);
  };
  const texts: string[] = [];
  peer.on('message', (data) => texts.push(data.toString()));
  one.send('message 0');
  await link.quiet();
  expect(texts.sort()).toEqual(Array.from({ length: 21 }, (_, n) => `message ${n}`).sort());
});

describe("the outlet of a client's transport", () => {
  const outlets: Readonly<Record<string, object>> = {
    'without methods': {},
    'that reserves nothing': { reserve: () => undefined, offset: 0, commit: () => true },
    'that reserves too little': { reserve: () => Buffer.alloc(5), offset: 0, commit: () => true },
    'that throws when it reserves': { reserve: throwOwn, offset: 0, commit: () => true },
    'that throws when it commits': { reserve: () => Buffer.alloc(2000), offset: 0, commit: throwOwn },
  };

  test.each(Object.keys(outlets))('%s ends the association, and nothing else', async (kind) => {
    const link = new Link();
    const transport = changed(link.client(), { outlet: outlets[kind] }) as LinkClient;
    const { client: one, server } = await openPair({ link, client: { transport } });
    void one.closed;
    one.send('in vain');
    const { reason, error } = await one.closed;
    expect([reason, (error as DtlsError | undefined)?.code]).toEqual(['error', expect.stringMatching(/^ERR_DTLS_/)]);
    const other = await client(link).startHandshake().opened;
    await link.quiet();
    await talk(other, [...server.associations].at(-1) as DtlsAssociation);
    expect(uncaught).toEqual([]);
  });
});

describe("a server's transport", () => {
  test('that receives before it is open is a stranger to its server', async () => {
    const link = new Link();
    client(link).startHandshake();
    await link.quiet();
    const hello = link.toServer.sent[0] as Buffer;
    const { open } = link.server;
    link.server.open = (receiver) => {
      receiver.datagram(hello, { address: '192.0.2.99', port: 1, family: 'IPv4' });
      receiver.drained();
      return open(receiver);
    };
    const server = await serve(link);
    expect(server.stats.cookiesSent).toBe(0);
    await client(link).startHandshake().opened;
  });

  test('that fails before it is open closes its server', async () => {
    const link = new Link();
    const server = closeLater(createServer({ psk: { alice: key } }));
    const errors: unknown[] = [];
    server.on('error', (error) => errors.push(error));
    const { open } = link.server;
    link.server.open = (receiver) => {
      receiver.failed(new Error('at once'));
      return open(receiver);
    };
    expect(await rejected(server.listen({ transport: link.server }))).toMatchObject({ code: 'ERR_DTLS_CLOSED' });
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_DTLS_SOCKET' })]);
    expect(link.serverIsOpen).toBe(false);
  });

  const failures: Readonly<Record<string, () => unknown>> = {
    'throws an Error': throwOwn,
    'throws undefined': () => {
      throw undefined;
    },
    'rejects with undefined': () => Promise.reject(),
  };

  test.each(Object.keys(failures))('whose open %s says why the server cannot listen', async (kind) => {
    const server = closeLater(createServer({ psk: { alice: key } }));
    const transport = { ...new Link().server, open: failures[kind] as () => Promise<void> };
    expect(await rejected(server.listen({ transport }))).toMatchObject({ code: 'ERR_DTLS_SOCKET' });
  });

  test.each(Object.keys(failures))(
    'whose close %s is told to whoever closes the server, which is closed',
    async (kind) => {
      const link = new Link();
      const server = createServer({ psk: { alice: key } });
      let closed = 0;
      server.on('close', () => closed++);
      await server.listen({ transport: link.server });
      link.server.close = failures[kind] as () => Promise<void>;
      const outcomes = await Promise.allSettled([
        server.close(),
        server.close(),
        server.drain(),
        server[Symbol.asyncDispose](),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
      expect(closed).toBe(1);
      expect(uncaught).toEqual([]);
    },
  );

  test('whose ref and unref throw lets the caller know, and goes on', async () => {
    const link = new Link();
    const server = await serve(link);
    Object.assign(link.server, { ref: throwOwn, unref: throwOwn });
    expect(() => server.ref()).toThrow('thrown by the value itself');
    expect(() => server.unref()).toThrow('thrown by the value itself');
    await client(link).startHandshake().opened;
  });
});

describe('what an association was given can be taken away afterwards:', () => {
  const lives: Readonly<Record<string, (bytes: Buffer) => void>> = {
    wiped: (bytes) => bytes.fill(0),
    'detached, as by a transfer to a worker': (bytes) => {
      structuredClone(bytes.buffer, { transfer: [bytes.buffer as ArrayBuffer] });
    },
  };
  const ownMemory = (bytes: Uint8Array): Buffer => {
    const copy = new Uint8Array(bytes.length);
    copy.set(bytes);
    return Buffer.from(copy.buffer);
  };

  test.each(Object.keys(lives))('keys, session and message, %s', async (fate) => {
    const { link, server, client: first } = await openPair();
    const session = ownMemory(first.getSession() as Buffer);
    const secret = ownMemory(key);
    const message = ownMemory(Buffer.from('ping'));
    const association = client(link, {
      ...{ session, psk: { identity: 'alice', key: secret }, keepAlive: { interval: 1, message } },
    });
    for (const bytes of [session, secret, message]) lives[fate]?.(bytes);
    const accepted = once(server, 'secureConnection') as Promise<[DtlsAssociation]>;
    await association.startHandshake().opened;
    const [peer] = await accepted;
    expect(association.isSessionReused()).toBe(true);
    const text = await new Promise((resolve) => peer.once('message', resolve));
    expect(String(text)).toBe('ping');
  });
});

test('a session with any byte changed is refused at once, or is one to offer', async () => {
  const { link, client: first } = await openPair();
  const session = first.getSession() as Buffer;
  const problems: unknown[] = [];
  for (let at = 0; at < session.length; at++) {
    for (const mask of [0x01, 0x80, 0xff]) {
      const changedSession = Buffer.from(session);
      changedSession.writeUInt8(session.readUInt8(at) ^ mask, at);
      const verdict = verdictOf(() => client(link, { session: changedSession }).startHandshake().destroy());
      const isRefusal = DtlsError.is(verdict) && verdict.code.startsWith('ERR_DTLS_SESSION_');
      if (verdict !== 'taken' && !isRefusal) problems.push([at, mask, verdict]);
    }
  }
  expect(problems).toEqual([]);
});
