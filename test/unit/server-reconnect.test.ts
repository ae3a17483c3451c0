import { once } from 'node:events';
import { describe, expect, jest, test } from '@jest/globals';
import type { DtlsAssociation } from '../../lib';
import { HandshakeType } from '../../lib/handshake/wire';
import { fakeClock } from '../support/clock';
import { ignored, refusals } from '../support/counters';
import { rejected } from '../support/errors';
import { deliverAll, dropMessage, Link, type LinkClient } from '../support/link';
import { client, key, openPair, type Pair, quick, serve, talk, wrongKey } from '../support/pair';

/** The client is switched off without a word; another one comes up at its address. */
function reboot({ link, transport }: Pick<Pair, 'link' | 'transport'>): LinkClient {
  transport.unplug();
  return link.client(transport.address);
}

describe('a client that reconnects from the address of an open association', () => {
  test('gets a new one; the old one ends by it', async () => {
    const pair = await openPair();
    const next = once(pair.server, 'secureConnection') as Promise<[DtlsAssociation]>;
    const association = await client(pair.link, { transport: reboot(pair) }).startHandshake().opened;
    const [peer] = await next;
    expect(await pair.peer.closed).toEqual({ reason: 'replaced' });
    await pair.link.quiet();
    // Three flights each; the old association ends without a word, for nobody has its keys any more.
    expect(pair.link.toClient.sent).toHaveLength(6);
    expect(pair.server.associations).toEqual(new Set([peer]));
    expect(pair.server.stats).toMatchObject({ handshakesCompleted: 2, handshakesFailed: 0, replaced: 1 });
    await talk(association, peer);
  });

  test('may do so again and again', async () => {
    const pair = await openPair();
    let { transport } = pair;
    for (let i = 0; i < 3; i++) {
      transport = reboot({ link: pair.link, transport });
      await client(pair.link, { transport }).startHandshake().opened;
    }
    await pair.link.quiet();
    expect(pair.server.associations.size).toBe(1);
    expect(pair.server.stats.replaced).toBe(3);
  });

  test('leaves the old one open until the new handshake is complete', async () => {
    const pair = await openPair();
    const { link, peer, server, transport } = pair;
    const texts: string[] = [];
    peer.on('message', (data) => texts.push(data.toString()));
    // Still on its way when the client goes down.
    link.toServer.rule = () => [];
    pair.client.send('last words');
    const lastWords = link.toServer.sent.at(-1) as Buffer;
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    const { datagramsReceived } = peer.stats;
    const association = client(link, { transport: reboot(pair), ...quick }).startHandshake();
    await link.quiet();
    expect(server.stats.handshakesStarted).toBe(2);
    expect(peer.state).toBe('open');
    // What the new handshake says in plaintext is none of its business.
    const hello = link.toServer.sent.findLast((datagram) => datagram[13] === HandshakeType.ClientHello);
    link.inject(hello as Buffer, transport.address);
    await link.quiet();
    expect(peer.stats.datagramsReceived).toBe(datagramsReceived);
    link.inject(lastWords, transport.address);
    await link.quiet();
    expect(texts).toEqual(['last words']);
    expect(peer.state).toBe('open');
    link.toServer.rule = deliverAll;
    await association.opened;
    expect(await peer.closed).toEqual({ reason: 'replaced' });
  });

  test('with a wrong key changes nothing for the old one', async () => {
    const pair = await openPair({ server: quick });
    const { link, transport } = pair;
    const told = once(pair.server, 'peerError');
    const intruder = client(link, { transport: reboot(pair), psk: { identity: 'alice', key: wrongKey }, ...quick });
    expect((await rejected(intruder.startHandshake().opened)).code).toBe('ERR_DTLS_PSK_MISMATCH');
    await told;
    transport.plugIn();
    expect(pair.server.associations).toEqual(new Set([pair.peer]));
    expect(pair.server.stats).toMatchObject({ handshakesFailed: 1, replaced: 0 });
    await talk(pair.client, pair.peer);
  });

  test('whose old association ends meanwhile gets a new one all the same', async () => {
    const pair = await openPair();
    const { link, server } = pair;
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    const association = client(link, { transport: reboot(pair), ...quick }).startHandshake();
    await link.quiet();
    expect(server.stats.handshakesStarted).toBe(2);
    await pair.peer.close();
    link.toServer.rule = deliverAll;
    await association.opened;
    await link.quiet();
    expect(server.stats).toMatchObject({ handshakesCompleted: 2, replaced: 0 });
    await talk(association, [...server.associations][0] as DtlsAssociation);
  });

  test('and fails keeps no place for its address', async () => {
    const pair = await openPair({ server: { limits: { maxAssociations: 2 } } });
    const { link, server, transport } = pair;
    const intruder = client(link, { transport: reboot(pair), psk: { identity: 'mallory', key } });
    await rejected(intruder.startHandshake().opened);
    transport.plugIn();
    await pair.client.close();
    await pair.peer.closed;
    await client(link).startHandshake().opened;
    await client(link).startHandshake().opened;
    client(link, { transport: link.client(transport.address) }).startHandshake();
    await link.quiet();
    expect(refusals(server)).toBe(1);
  });
});

describe('a new handshake that never completes', () => {
  fakeClock();

  test('leaves the old association alone, and the next one replaces it', async () => {
    const pair = await openPair();
    const { link, server, peer } = pair;
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    const transport = reboot(pair);
    client(link, { transport, handshakeTimeout: 120_000 }).startHandshake();
    await link.quiet();
    jest.advanceTimersByTime(60_000);
    expect(server.stats).toMatchObject({ handshakesStarted: 2, handshakesFailed: 1 });
    expect(peer.state).toBe('open');
    link.toServer.rule = deliverAll;
    await client(link, { transport: reboot({ link, transport }) }).startHandshake().opened;
    expect(await peer.closed).toEqual({ reason: 'replaced' });
  });
});

describe('a client that restarts in the middle of its handshake', () => {
  /** A server that waits for the key exchange of a client that is no more. */
  async function halfWay(options = {}) {
    const link = new Link();
    const server = await serve(link, options);
    const transport = link.client();
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    client(link, { transport }).startHandshake();
    await link.quiet();
    expect(server.stats.handshakesStarted).toBe(1);
    link.toServer.rule = deliverAll;
    return { link, server, transport };
  }

  test('begins anew, and the first handshake gives way', async () => {
    const half = await halfWay();
    const association = await client(half.link, { transport: reboot(half) }).startHandshake().opened;
    await half.link.quiet();
    expect(half.server.stats).toMatchObject({ handshakesStarted: 2, handshakesCompleted: 1, handshakesFailed: 1 });
    await talk(association, [...half.server.associations][0] as DtlsAssociation);
  });

  test('needs no second slot for it', async () => {
    const half = await halfWay({ limits: { maxHandshakes: 1, maxAssociations: 1 } });
    const association = client(half.link, { transport: reboot(half) }).startHandshake();
    await half.link.quiet();
    expect(refusals(half.server)).toBe(0);
    expect(association.state).toBe('open');
  });

  test('is not told to anybody as an error', async () => {
    const half = await halfWay();
    const errors: unknown[] = [];
    half.server.on('peerError', (error) => errors.push(error));
    await client(half.link, { transport: reboot(half) }).startHandshake().opened;
    await half.link.quiet();
    expect(errors).toEqual([]);
  });
});

test('a client may reconnect to a full server: it only replaces itself', async () => {
  const pair = await openPair({ server: { limits: { maxAssociations: 1 } } });
  const association = client(pair.link, { transport: reboot(pair) }).startHandshake();
  await pair.link.quiet();
  expect(refusals(pair.server)).toBe(0);
  expect(association.state).toBe('open');
  expect(await pair.peer.closed).toEqual({ reason: 'replaced' });
});

describe('hellos that somebody sends in the name of a client', () => {
  test('without a cookie change nothing, however many', async () => {
    const pair = await openPair();
    const { link, server, transport } = pair;
    const other = await openPair();
    const hello = other.link.toServer.sent[0] as Buffer;
    for (let i = 0; i < 10; i++) link.inject(hello, transport.address);
    await link.quiet();
    expect(server.stats).toMatchObject({ handshakesStarted: 1, replaced: 0 });
    await talk(pair.client, pair.peer);
  });

  test('with the cookie of another address change nothing', async () => {
    const pair = await openPair();
    const { link, server, transport } = pair;
    const second = link.toServer.sent.length + 1;
    await client(link).startHandshake().opened;
    link.inject(link.toServer.sent[second] as Buffer, transport.address);
    await link.quiet();
    expect(server.stats).toMatchObject({ handshakesStarted: 2, replaced: 0 });
    await talk(pair.client, pair.peer);
  });
});

describe('late copies of the hellos of an open association', () => {
  test.each([0, 1])('change nothing, number %i', async (n) => {
    const { link, server, transport, client, peer } = await openPair();
    link.inject(link.toServer.sent[n] as Buffer, transport.address);
    await link.quiet();
    expect(server.stats).toMatchObject({ cookiesSent: 1, handshakesStarted: 1 });
    await talk(client, peer);
  });

  test('change nothing when they are from before a reconnect', async () => {
    const pair = await openPair();
    const { link, server, transport } = pair;
    const old = link.toServer.sent.slice(0, 3);
    const association = await client(link, { transport: reboot(pair) }).startHandshake().opened;
    await link.quiet();
    const [peer] = [...server.associations] as [DtlsAssociation];
    for (const datagram of old) link.inject(datagram, transport.address);
    await link.quiet();
    await talk(association, peer);
    expect(server.associations).toEqual(new Set([peer]));
  });
});

test('without migration, a client whose address changes is a stranger until it reconnects', async () => {
  const pair = await openPair({ server: { migration: false } });
  const { link, server, transport, peer } = pair;
  transport.address = { ...transport.address, port: 61_000 };
  pair.client.send('who is this?');
  await link.quiet();
  expect(ignored(server)).toBe(1);
  expect(peer.stats.messagesReceived).toBe(0);
  const association = await client(link, { transport: reboot(pair) }).startHandshake().opened;
  await link.quiet();
  expect(server.associations.size).toBe(2);
  expect(server.stats.replaced).toBe(0);
  expect(association.state).toBe('open');
});
