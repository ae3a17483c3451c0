import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { createServer, type DtlsAssociation } from '../../lib';
import { HandshakeType } from '../../lib/handshake/wire';
import { rejected, thrown } from '../support/errors';
import { dropMessage, Link } from '../support/link';
import { client, closeLater, key, openPair, patient, serve, talk, wrongKey } from '../support/pair';

describe('listen', () => {
  test('resolves to the server and emits listening', async () => {
    const link = new Link();
    const server = closeLater(createServer({ psk: { alice: key } }));
    const events: string[] = [];
    server.on('listening', () => events.push('listening'));
    expect(await server.listen({ transport: link.server })).toBe(server);
    expect(events).toEqual(['listening']);
    expect(server.address()).toEqual({ address: '192.0.2.1', port: 22334, family: 'IPv4' });
  });

  test('is refused while the server listens, and when it is closed', async () => {
    const link = new Link();
    const server = closeLater(createServer({ psk: { alice: key } }));
    const listening = server.listen({ transport: link.server });
    expect(await rejected(server.listen({ transport: link.server }))).toMatchObject({ code: 'ERR_DTLS_STATE' });
    await listening;
    expect((await rejected(server.listen({ transport: link.server }))).message).toContain('listening');
    await server.close();
    expect((await rejected(server.listen({ transport: link.server }))).message).toContain('closed');
  });

  test('that fails carries the cause, and may be tried again', async () => {
    const link = new Link();
    const server = closeLater(createServer({ psk: { alice: key } }));
    const cause = new Error('the address is taken');
    const open = () => Promise.reject(cause);
    expect(await rejected(server.listen({ transport: { ...link.server, open } }))).toMatchObject({
      code: 'ERR_DTLS_SOCKET',
      cause,
    });
    await server.listen({ transport: link.server });
    await client(link).startHandshake().opened;
  });

  test('rejects when the server is closed meanwhile, and leaves nothing open', async () => {
    const link = new Link();
    const server = createServer({ psk: { alice: key } });
    const listening = server.listen({ transport: link.server });
    await server.close();
    expect(await rejected(listening)).toMatchObject({ code: 'ERR_DTLS_CLOSED' });
    expect(link.serverIsOpen).toBe(false);
  });
});

test('address is refused when the server does not listen', async () => {
  const server = await serve(new Link());
  await server.close();
  expect(thrown(() => server.address())).toMatchObject({ code: 'ERR_DTLS_STATE' });
  expect(thrown(() => createServer({ psk: { alice: key } }).address()).code).toBe('ERR_DTLS_STATE');
});

test('each complete handshake is told once, to the callback and as an event', async () => {
  const link = new Link();
  const told: DtlsAssociation[] = [];
  const server = closeLater(createServer({ psk: { alice: key }, ...patient }, (one) => told.push(one)));
  await server.listen({ transport: link.server });
  server.on('secureConnection', (one) => told.push(one));
  await client(link).startHandshake().opened;
  await link.quiet();
  expect(told).toHaveLength(2);
  expect(told[0]).toBe(told[1]);
  expect([...server.associations]).toEqual([told[0]]);
});

test('the first message of a client comes to listeners that the callback sets', async () => {
  const link = new Link();
  const texts: string[] = [];
  const server = await serve(link);
  server.on('secureConnection', (peer) => peer.on('message', (data) => texts.push(data.toString())));
  const association = client(link);
  association.once('secureConnect', () => association.send('first'));
  await association.startHandshake().opened;
  await link.quiet();
  expect(texts).toEqual(['first']);
});

test('the counters count what happened', async () => {
  const link = new Link();
  const server = await serve(link);
  await client(link).startHandshake().opened;
  await rejected(client(link, { psk: { identity: 'mallory', key } }).startHandshake().opened);
  link.inject(Buffer.from('what is this?'), { address: '198.51.100.1', port: 1, family: 'IPv4' });
  await link.quiet();
  expect(server.stats).toEqual({
    cookiesSent: 2,
    handshakesStarted: 2,
    handshakesCompleted: 1,
    handshakesFailed: 1,
    handshakesResumed: 0,
    handshakeErrors: { ERR_DTLS_PSK_UNKNOWN: 1 },
    refused: {
      maxAssociations: 0,
      maxAssociationsPerAddress: 0,
      maxHandshakes: 0,
      maxHandshakesPerAddress: 0,
      handshakesPerSecond: 0,
      handshakesPerSecondPerAddress: 0,
      draining: 0,
    },
    dropped: { malformed: 1, hello: 0, stray: 0 },
    replaced: 0,
    migrated: 0,
    expired: 0,
    drained: 0,
  });
});

test('an association that ended is forgotten', async () => {
  const { server, client, peer } = await openPair();
  expect(server.associations.has(peer)).toBe(true);
  await client.close();
  await peer.closed;
  expect(server.associations.size).toBe(0);
});

test('one bad peer disturbs no other, and nobody has to listen to peerError', async () => {
  const { server, client: good, peer, link } = await openPair();
  await rejected(client(link, { psk: { identity: 'mallory', key } }).startHandshake().opened);
  await client(link).startHandshake().close();
  await link.quiet();
  expect(server.associations).toEqual(new Set([peer]));
  await talk(good, peer);
});

test('peerError names the error and the peer', async () => {
  const link = new Link();
  const server = await serve(link, { psk: { alice: wrongKey }, ciphers: 'PSK-AES128-GCM-SHA256' });
  const told = once(server, 'peerError');
  const transport = link.client();
  const association = client(link, { transport, psk: { identity: 'bob', key } });
  await rejected(association.startHandshake().opened);
  expect(await told).toEqual([
    expect.objectContaining({ code: 'ERR_DTLS_PSK_UNKNOWN', peer: transport.address }),
    transport.address,
  ]);
});

describe('close', () => {
  test('tells every peer, forgets them and emits close once', async () => {
    const link = new Link();
    const server = await serve(link);
    const clients = await Promise.all([1, 2, 3].map(() => client(link).startHandshake().opened));
    await link.quiet();
    const peers = [...server.associations];
    let closes = 0;
    server.on('close', () => closes++);
    await Promise.all([server.close(), server.close()]);
    expect(await Promise.all(clients.map((one) => one.closed))).toEqual(clients.map(() => ({ reason: 'peer' })));
    expect(await Promise.all(peers.map((one) => one.closed))).toEqual(peers.map(() => ({ reason: 'local' })));
    expect(server.associations.size).toBe(0);
    expect(link.serverIsOpen).toBe(false);
    expect(closes).toBe(1);
  });

  test('ends handshakes that are under way', async () => {
    const link = new Link();
    const server = await serve(link);
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    const association = client(link).startHandshake();
    await link.quiet();
    expect(server.stats.handshakesStarted).toBe(1);
    await server.close();
    expect(server.stats.handshakesFailed).toBe(1);
    expect(association.state).toBe('handshaking');
  });

  test('before listen is enough to end it', async () => {
    const server = createServer({ psk: { alice: key } });
    await server.close();
    expect((await rejected(server.listen({ port: 0 }))).code).toBe('ERR_DTLS_STATE');
  });

  test('is what Symbol.asyncDispose calls', async () => {
    const { server, client } = await openPair();
    await server[Symbol.asyncDispose]();
    expect(await client.closed).toEqual({ reason: 'peer' });
  });

  test('in a listener of secureConnection does no harm', async () => {
    const link = new Link();
    const server = await serve(link);
    server.on('secureConnection', () => void server.close());
    const association = await client(link).startHandshake().opened;
    expect(await association.closed).toEqual({ reason: 'peer' });
    expect(server.associations.size).toBe(0);
  });
});

test('what a transport hands over after the end goes nowhere', async () => {
  const { server, link, transport, client: association } = await openPair();
  link.server.close = async () => {};
  await server.close();
  await association.closed;
  const before = link.toClient.sent.length;
  for (const datagram of link.toServer.sent.slice(0, 3)) link.inject(datagram, transport.address);
  await link.quiet();
  expect(link.toClient.sent.length).toBe(before);
});

test('a transport that cannot go on ends the server with an error', async () => {
  const { server, link, peer } = await openPair();
  const events: unknown[] = [];
  server.on('error', (error) => events.push(error));
  server.on('close', () => events.push('close'));
  const cause = new Error('the interface is gone');
  link.failServer(cause);
  await peer.closed;
  await link.quiet();
  expect(events).toEqual([expect.objectContaining({ code: 'ERR_DTLS_SOCKET', cause }), 'close']);
});

test('drain comes to the association whose send returned false, and to no other', async () => {
  const link = new Link();
  const full = new Set<number>();
  const { send } = link.server;
  link.server.send = (datagram, to) => send(datagram, to) && !full.has(to.port);
  const server = await serve(link);
  await Promise.all([client(link).startHandshake().opened, client(link).startHandshake().opened]);
  await link.quiet();
  const [first, second] = [...server.associations] as [DtlsAssociation, DtlsAssociation];
  const drains: string[] = [];
  first.on('drain', () => drains.push('first'));
  second.on('drain', () => drains.push('second'));
  full.add(first.remote.port);
  expect(first.send('a lot')).toBe(false);
  expect(second.send('a little')).toBe(true);
  link.drainServer();
  link.drainServer();
  expect(drains).toEqual(['first']);
});
