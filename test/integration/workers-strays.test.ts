import { describe, expect, test } from '@jest/globals';
import { createServer, type RemoteAddress } from '../../lib';
import { ignored } from '../support/counters';
import { clientAddress, Link } from '../support/link';
import { client, closeLater, key, openPair, patient, serve, talk } from '../support/pair';
import { changeCipherSpec, finished, record, Type } from '../support/wire';

const stranger = clientAddress(1);

interface Stray {
  bytes: string;
  from: RemoteAddress;
}

/** A server's strays, kept until the transport has used its memory for something else. */
function straysOf(server: Awaited<ReturnType<typeof serve>>): Array<[Buffer, RemoteAddress]> {
  const strays: Array<[Buffer, RemoteAddress]> = [];
  server.on('stray', (...stray) => strays.push(stray));
  return strays;
}

describe('stray', () => {
  test.each([
    ['application data', record(Type.applicationData, Buffer.alloc(40), { epoch: 1 })],
    ['the end of a handshake', Buffer.concat([changeCipherSpec(), finished()])],
    ['an alert', record(Type.alert, Buffer.of(2, 40))],
    ['garbage', Buffer.from('garbage')],
    ['nothing', Buffer.alloc(0)],
  ])('tells %s of an address without an association, with its bytes', async (_, datagram) => {
    const link = new Link();
    const strays = straysOf(await serve(link));
    link.inject(datagram, stranger);
    await link.quiet();
    const expected: Stray[] = [{ bytes: datagram.toString('hex'), from: stranger }];
    expect(strays.map(([bytes, from]): Stray => ({ bytes: bytes.toString('hex'), from }))).toEqual(expected);
  });

  test('tells no hello, with a cookie or without, and nothing of a peer', async () => {
    const link = new Link();
    const strays = straysOf(await serve(link));
    const association = client(link);
    await association.startHandshake().opened;
    association.send('hello');
    await link.quiet();
    expect(strays).toEqual([]);
  });

  test('tells nothing when the server is closed', async () => {
    const link = new Link();
    const server = await serve(link);
    const strays = straysOf(server);
    await server.close();
    link.inject(Buffer.from('garbage'), stranger);
    await link.quiet();
    expect(strays).toEqual([]);
  });

  test('counts as ignored, whether anybody listens or not', async () => {
    const link = new Link();
    const server = await serve(link);
    link.inject(Buffer.from('garbage'), stranger);
    await link.quiet();
    straysOf(server);
    link.inject(Buffer.from('garbage'), stranger);
    await link.quiet();
    expect(server.stats.dropped).toEqual({ malformed: 2, hello: 0, stray: 0 });
  });
});

describe('inject', () => {
  test('leads a datagram to its association, as if it had come the usual way', async () => {
    const pair = await openPair();
    const texts: string[] = [];
    pair.peer.on('message', (data) => texts.push(data.toString()));
    let moved: Uint8Array | undefined;
    // As it comes from another worker: no Buffer any more.
    pair.link.toServer.rule = (datagram) => {
      moved = Uint8Array.from(datagram);
      return [];
    };
    pair.client.send('the long way round');
    expect(pair.server.inject(moved as Uint8Array, pair.transport.address)).toBe(true);
    expect(texts).toEqual(['the long way round']);
    pair.link.toServer.rule = (datagram) => [datagram];
    await talk(pair.client, pair.peer);
  });

  test.each([
    ['a Buffer that went through JSON', { type: 'Buffer', data: [1] }, stranger],
    ['no sender', Buffer.from('x'), undefined],
    ['a sender without a port', Buffer.from('x'), { address: '192.0.2.1' }],
  ])('refuses %s', async (_, datagram, from) => {
    const { server } = await openPair();
    expect(() => server.inject(datagram as never, from as never)).toThrow(
      expect.objectContaining({ code: 'ERR_DTLS_OPTION' }),
    );
  });

  test('says of a datagram of anybody else that it belongs to no association here, and does nothing', async () => {
    const { server } = await openPair();
    const strays = straysOf(server);
    const before = ignored(server);
    expect(server.inject(Buffer.from('garbage'), stranger)).toBe(false);
    expect(strays).toEqual([]);
    expect(ignored(server)).toBe(before);
  });

  test('completes a handshake whose second half went elsewhere', async () => {
    const link = new Link();
    const server = await serve(link);
    const association = client(link);
    link.toServer.rule = (datagram, n) => {
      // Two hellos, without and with a cookie, lead here.
      if (n < 2) return [datagram];
      expect(server.inject(Uint8Array.from(datagram), clientAddress(50_000))).toBe(true);
      return [];
    };
    await association.startHandshake().opened;
    expect(server.stats.handshakesCompleted).toBe(1);
  });

  test('of noise harms no association', async () => {
    const { server, client, peer, transport } = await openPair();
    for (const bytes of [Buffer.alloc(0), Buffer.from('garbage'), Buffer.alloc(60, 0x17), Buffer.alloc(60, 0x16)]) {
      expect(server.inject(bytes, transport.address)).toBe(true);
    }
    await talk(client, peer);
  });

  test('is harmless before listen and after close: the datagram of another worker may come at any time', async () => {
    const server = closeLater(createServer({ psk: { alice: key }, ...patient }));
    const from = clientAddress(50_000);
    expect(server.inject(Buffer.from('garbage'), from)).toBe(false);
    const link = new Link();
    await server.listen({ transport: link.server });
    await client(link, { transport: link.client(from) }).startHandshake().opened;
    expect(server.inject(Buffer.from('garbage'), from)).toBe(true);
    const closed = server.close();
    expect(server.inject(Buffer.from('garbage'), from)).toBe(false);
    await closed;
    expect(server.inject(Buffer.from('garbage'), from)).toBe(false);
  });
});

test('two servers that share a cookie secret and exchange their strays serve a client between them', async () => {
  const options = { cookieSecret: Buffer.alloc(32, 7) };
  const link = new Link();
  const other = new Link();
  const servers = [await serve(link, options), await serve(other, options)] as const;
  let injected = 0;
  for (const [i, server] of servers.entries()) {
    server.on('stray', (datagram, from) => {
      if (servers[1 - i]?.inject(datagram, from)) injected++;
    });
  }
  // The first hello is answered here, the second, with its cookie, there; the rest comes here again.
  const transport = link.client();
  const association = client(link, { transport });
  const toOther = (datagram: Buffer): void => other.inject(datagram, transport.address);
  other.toClient.rule = (datagram) => {
    link.injectToClient(datagram, transport.address);
    return [];
  };
  link.toServer.rule = (datagram, n) => {
    if (n !== 1) return [datagram];
    toOther(datagram);
    return [];
  };
  await association.startHandshake().opened;
  expect(servers.map(({ stats }) => stats.handshakesCompleted)).toEqual([0, 1]);
  const [peer] = [...servers[1].associations];
  if (peer === undefined) throw new Error('no association');
  await talk(association, peer);
  expect(injected).toBeGreaterThan(1);
});
