import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { type DtlsAssociation, DtlsError } from '../../lib';
import { ignored } from '../support/counters';
import { clientAddress, Link } from '../support/link';
import { client, openPair, quick, serve, talk } from '../support/pair';
import { changeCipherSpec, finished, handshake, record, Type } from '../support/wire';

const stranger = { address: '198.51.100.7', port: 4242, family: 'IPv4' } as const;

/** What a port on the Internet gets to see. */
const noise: Record<string, Buffer> = {
  'an empty datagram': Buffer.alloc(0),
  'a single byte': Buffer.of(22),
  zeros: Buffer.alloc(100),
  ones: Buffer.alloc(100, 0xff),
  text: Buffer.from('GET / HTTP/1.1\r\n\r\n'),
  'a STUN binding request': Buffer.from('000100002112a442b7e7a701bc34d686fa87dfae', 'hex'),
  'an RTP packet': Buffer.concat([Buffer.from('80600001000000000000002a', 'hex'), Buffer.alloc(160, 0x55)]),
  'a DNS query': Buffer.from('123401000001000000000000076578616d706c6503636f6d0000010001', 'hex'),
  'a record header without its record': handshake(1, 0, { body: Buffer.alloc(80) }).subarray(0, 13),
  'a truncated ClientHello': handshake(1, 0, { body: Buffer.alloc(80, 1) }).subarray(0, 60),
  'a record of TLS': Buffer.from('160301002e0100002a0303', 'hex'),
  'a record of a future epoch': record(Type.applicationData, Buffer.alloc(40), { epoch: 2 }),
  'a record of the last epoch': record(Type.handshake, Buffer.alloc(40), { epoch: 0xffff }),
  'an unknown content type': record(99, Buffer.alloc(40)),
  'an empty record': record(Type.handshake, Buffer.alloc(0)),
  'application data with the keys of nobody': record(Type.applicationData, Buffer.alloc(60, 7), { epoch: 1 }),
  'a Finished with the keys of nobody': finished(9),
  'the largest datagram of UDP': Buffer.alloc(65_507, 0x16),
};

/** Hellos that no client sends. */
const hellos: Record<string, Buffer> = {
  'a ClientHello of zeros': handshake(1, 0, { body: Buffer.alloc(80) }),
  'a ClientHello of another version': handshake(1, 0, { body: Buffer.alloc(80, 3) }),
  'a middle fragment of a ClientHello': handshake(1, 0, { body: Buffer.alloc(40), total: 200, at: 60 }),
};

/**
 * Records that anybody can write who sends in the name of the peer. Nothing protects a handshake from them
 * (RFC 6347 section 4.1.2.7); once there are keys, they are noise.
 */
const forged: Record<string, Buffer> = {
  ...hellos,
  'a warning': record(Type.alert, Buffer.of(1, 90), { sequence: 10 }),
  'a close_notify': record(Type.alert, Buffer.of(1, 0), { sequence: 11 }),
  'a fatal alert': record(Type.alert, Buffer.of(2, 40), { sequence: 12 }),
  'a truncated alert': record(Type.alert, Buffer.of(2), { sequence: 13 }),
  'a change of ciphers': changeCipherSpec(14),
  'plain application data': record(Type.applicationData, Buffer.from('trust me'), { sequence: 15 }),
  'a HelloRequest': handshake(0, 0, { sequence: 16 }),
  'a ServerHelloDone': handshake(14, 2, { sequence: 17 }),
  'a far sequence number': changeCipherSpec(2 ** 47),
};

/** A link on which the noise arrives before each datagram of a lane. */
function noisy(lane: 'toServer' | 'toClient', ...unwanted: Buffer[]): Link {
  const link = new Link();
  link[lane].rule = (datagram) => [...unwanted, datagram];
  return link;
}

async function complete(link: Link): Promise<void> {
  const { client, peer, server } = await openPair({ link, client: quick, server: quick });
  await talk(client, peer);
  await talk(client, peer);
  expect(server.stats).toMatchObject({ handshakesStarted: 1, handshakesCompleted: 1, handshakesFailed: 0 });
  await client.close();
  expect(await peer.closed).toEqual({ reason: 'peer' });
}

describe.each(Object.entries(noise))('%s', (_, bytes) => {
  test('at every stage from the address of the client harms nobody', async () => complete(noisy('toServer', bytes)));

  test('at every stage from the address of the server harms nobody', async () => complete(noisy('toClient', bytes)));
});

describe.each(Object.entries(hellos))('%s', (_, bytes) => {
  test('at every stage from the address of the client harms nobody', async () => complete(noisy('toServer', bytes)));
});

describe.each(Object.entries(forged))('%s', (_, bytes) => {
  test('of somebody else harms no open association, in either direction', async () => {
    const { link, client, peer, transport, server } = await openPair();
    for (let i = 0; i < 20; i++) {
      link.inject(bytes, transport.address);
      link.injectToClient(bytes, transport.address);
    }
    await link.quiet();
    expect([client.stats.messagesReceived, peer.stats.messagesReceived]).toEqual([0, 0]);
    expect(server.associations).toEqual(new Set([peer]));
    await talk(client, peer);
  });

  test('of somebody else may end a handshake, but no other one', async () => {
    const link = new Link();
    const server = await serve(link, quick);
    const good = await client(link).startHandshake().opened;
    const first = link.toServer.sent.length;
    link.toServer.rule = (datagram, n) => (n < first + 2 ? [datagram] : [bytes, datagram]);
    const victim = client(link, { handshakeTimeout: 200 });
    await victim.startHandshake().opened.catch((error) => expect(DtlsError.is(error)).toBe(true));
    link.toServer.rule = (datagram) => [datagram];
    await talk(good, [...server.associations][0] as DtlsAssociation);
  });
});

describe.each(Object.entries({ ...noise, ...forged }))('%s', (_, bytes) => {
  test('from a stranger is answered by nothing larger, and remembered by nothing', async () => {
    const { link, server, client, peer } = await openPair();
    const handled = ignored(server) + server.stats.cookiesSent;
    const before = link.toClient.sent.length;
    link.inject(bytes, stranger);
    await link.quiet();
    for (const reply of link.toClient.sent.slice(before)) expect(reply.length).toBeLessThanOrEqual(bytes.length);
    expect(ignored(server) + server.stats.cookiesSent).toBe(handled + 1);
    expect(server.stats.handshakesStarted).toBe(1);
    await talk(client, peer);
  });
});

test('all of it together harms nobody', async () => {
  await complete(noisy('toServer', ...Object.values(noise)));
  await complete(noisy('toClient', ...Object.values(noise)));
});

test('noise in the same datagram, behind genuine records, harms nobody', async () => {
  for (const bytes of Object.values(noise)) {
    const link = new Link();
    link.toServer.rule = link.toClient.rule = (datagram) => [Buffer.concat([datagram, bytes])];
    await complete(link);
  }
});

test('every datagram of a handshake, cut off in its first record, harms nobody at any stage', async () => {
  const { link: genuine } = await openPair();
  for (const size of [1, 12, 13, 14, 25, 60]) {
    await complete(noisy('toServer', ...genuine.toServer.sent.map((datagram) => datagram.subarray(0, size))));
    await complete(noisy('toClient', ...genuine.toClient.sent.map((datagram) => datagram.subarray(0, size - 1))));
  }
});

test('the hellos of another server are no key to this one', async () => {
  const { link: other } = await openPair();
  const link = new Link();
  const server = await serve(link);
  const association = await client(link).startHandshake().opened;
  for (const datagram of other.toServer.sent) link.inject(datagram, clientAddress(60_000));
  await link.quiet();
  // Its cookie is that of another server.
  expect(server.stats).toMatchObject({ handshakesStarted: 1 });
  await talk(association, [...server.associations][0] as DtlsAssociation);
});

test('noise during a handshake that fails does not change its reason', async () => {
  const link = noisy('toServer', ...Object.values(noise));
  const server = await serve(link, { ...quick, psk: { bob: Buffer.from('key') } });
  const told = once(server, 'peerError');
  const association = client(link, quick).startHandshake();
  await expect(association.opened).rejects.toMatchObject({ code: 'ERR_DTLS_PSK_UNKNOWN' });
  expect((await told)[0]).toMatchObject({ code: 'ERR_DTLS_PSK_UNKNOWN' });
});
