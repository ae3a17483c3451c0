import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { type DtlsAssociation, type ServerLimits, versions } from '../../lib';
import { DataPhase } from '../../lib/association/data-phase';
import type { DriverSetup } from '../../lib/association/driver-setup';
import type { LiveSession } from '../../lib/association/live-session';
import { maxForgeries } from '../../lib/credentials/ciphers';
import { HandshakeType } from '../../lib/handshake/wire';
import { Status } from '../../lib/native';
import { parseConnectOptions } from '../../lib/options/client';
import { parseServerOptions } from '../../lib/options/server';
import { certifiedClient, serveCertified } from '../support/certified';
import { CIPHER, ClientCipher } from '../support/client-cipher';
import { type Lane, Link } from '../support/link';
import { newPort } from '../support/moving';
import { client, openPair, type Pair, psk, serve, talk } from '../support/pair';
import { authority } from '../support/pki';
import { changeCipherSpec, handshake, record, Type } from '../support/wire';

const forged = record(Type.applicationData, Buffer.alloc(60, 7), { epoch: 1, sequence: 40 });

/** Where a datagram arrives, who seems to have sent it, and the way between them. */
interface Side {
  at: DtlsAssociation;
  from: DtlsAssociation;
  lane: Lane;
}

const sides: Array<[string, (pair: Pair) => Side]> = [
  ['a server', ({ peer, client, link }) => ({ at: peer, from: client, lane: link.toServer })],
  ['a client', ({ peer, client, link }) => ({ at: client, from: peer, lane: link.toClient })],
];

/** The datagram comes to one side, as if the other had sent it. */
async function arrive({ link, transport, peer }: Pair, at: DtlsAssociation, datagram: Buffer): Promise<void> {
  if (at === peer) link.inject(datagram, transport.address);
  else link.injectToClient(datagram, transport.address);
  await link.quiet();
}

describe.each(sides)('%s counts among stats.dropped', (_, sideOf) => {
  test.each([
    ['data of nobody', forged],
    ['several of them once', Buffer.concat([forged, forged])],
    ['an alert', record(Type.alert, Buffer.alloc(60, 7), { epoch: 1, sequence: 40 })],
    ['those that come along with other records', Buffer.concat([changeCipherSpec(9), forged])],
  ])('as forged: %s', async (_name, datagram) => {
    const pair = await openPair();
    const { at } = sideOf(pair);
    await arrive(pair, at, datagram);
    await arrive(pair, at, datagram);
    expect(at.stats.dropped).toEqual({ forged: 2, replayed: 0, unwanted: 0 });
    expect(at.stats.messagesReceived).toBe(0);
    await talk(pair.client, pair.peer);
  });

  test('as forged: a message of which a bit was changed on its way', async () => {
    const pair = await openPair();
    const { at, from, lane } = sideOf(pair);
    lane.rule = (datagram) => {
      const damaged = Buffer.from(datagram);
      damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1;
      return [damaged];
    };
    from.send('genuine');
    await pair.link.quiet();
    expect(at.stats).toMatchObject({ messagesReceived: 0, dropped: { forged: 1, replayed: 0, unwanted: 0 } });
  });

  test('as replayed: messages that come again', async () => {
    const pair = await openPair();
    const { at, from, lane } = sideOf(pair);
    from.send('once');
    await pair.link.quiet();
    for (let i = 0; i < 3; i++) await arrive(pair, at, lane.sent.at(-1) as Buffer);
    expect(at.stats).toMatchObject({ messagesReceived: 1, dropped: { forged: 0, replayed: 3, unwanted: 0 } });
    await talk(pair.client, pair.peer);
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a single byte', Buffer.of(0xff)],
    ['a keep-alive', record(Type.applicationData, Buffer.alloc(0))],
    ['text', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['data in clear', record(Type.applicationData, Buffer.alloc(60))],
    ['data of another epoch', record(Type.applicationData, Buffer.alloc(60), { epoch: 2 })],
    ['data too short for the cipher', record(Type.applicationData, Buffer.alloc(15), { epoch: 1 })],
    ['a warning in clear', record(Type.alert, Buffer.of(1, 90))],
    ['a record cut short', forged.subarray(0, 40)],
  ])('as unwanted: %s', async (_name, datagram) => {
    const pair = await openPair();
    const { at } = sideOf(pair);
    await arrive(pair, at, datagram);
    expect(at.stats.dropped).toEqual({ forged: 0, replayed: 0, unwanted: 1 });
    await talk(pair.client, pair.peer);
  });

  test.each([
    ['a record of the handshake', changeCipherSpec(9)],
    ['a hello', handshake(0, 0)],
    ['an alert in clear', record(Type.alert, Buffer.of(2, 40))],
  ])('not what OpenSSL passes over: %s', async (_name, datagram) => {
    const pair = await openPair();
    const { at } = sideOf(pair);
    await arrive(pair, at, datagram);
    expect(at.stats.dropped).toEqual({ forged: 0, replayed: 0, unwanted: 0 });
  });

  test('nothing of a handshake', async () => {
    const link = new Link();
    const noise = [Buffer.of(0xff), forged, record(Type.alert, Buffer.of(1, 90))];
    const atSides: Array<[DtlsAssociation, object]> = [];
    link.toServer.rule = link.toClient.rule = (datagram) => [...noise, datagram];
    const server = await serve(link);
    server.on('secureConnection', (peer) => atSides.push([peer, { ...peer.stats.dropped }]));
    const association = client(link);
    association.on('secureConnect', () => atSides.push([association, { ...association.stats.dropped }]));
    await association.startHandshake().opened;
    expect(atSides.map(([, dropped]) => dropped)).toEqual(Array(2).fill({ forged: 0, replayed: 0, unwanted: 0 }));
  });
});

describe('records of the peer that bring no message', () => {
  /** An association whose client's records the test makes. */
  async function spoken() {
    const ca = await authority();
    const { chain, key } = await ca.issue();
    const link = new Link();
    const server = await serveCertified(link, { cert: chain, key, ciphers: CIPHER });
    const association = certifiedClient(link, { ca: ca.cert, ciphers: CIPHER, keylog: true });
    const [[lines]] = (await Promise.all([once(association, 'keylog'), association.startHandshake().opened])) as [
      [Buffer],
      unknown,
    ];
    await link.quiet();
    const [peer] = [...server.associations] as [DtlsAssociation];
    const serverHello = link.toClient.sent.find((datagram) => datagram[13] === HandshakeType.ServerHello) as Buffer;
    return { link, server, peer, cipher: new ClientCipher(lines, serverHello) };
  }

  test('without content, as some send them, are not taken for forged, and hide no message', async () => {
    const { link, peer, cipher } = await spoken();
    const texts: string[] = [];
    peer.on('message', (data) => texts.push(data.toString()));
    const [empty, full, another] = ['', 'content', ''].map((text) =>
      cipher.record(Type.applicationData, Buffer.from(text)),
    ) as [Buffer, Buffer, Buffer];
    for (const datagram of [empty, Buffer.concat([another, full]), empty]) link.inject(datagram, peer.remote);
    await link.quiet();
    expect(texts).toEqual(['content']);
    expect(peer.stats.dropped.forged).toBe(0);
    expect(peer.state).toBe('open');
  });

  test('tell where it is, when they authenticate', async () => {
    const { link, server, peer, cipher } = await spoken();
    // OpenSSL before 3.2 does not survive a warning, later ones do not tell of data without content.
    const silent = versions().opensslRuntime.startsWith('3.0')
      ? cipher.record(Type.applicationData, Buffer.alloc(0))
      : cipher.record(Type.alert, Buffer.of(1, 90));
    const elsewhere = { ...peer.remote, port: newPort };
    const forgedOne = Buffer.from(silent);
    forgedOne[forgedOne.length - 1] = (forgedOne.at(-1) as number) ^ 1;
    link.inject(forgedOne, elsewhere);
    await link.quiet();
    expect(server.stats).toMatchObject({ migrated: 0, dropped: { stray: 1 } });
    link.inject(silent, elsewhere);
    await link.quiet();
    expect(peer.remote).toEqual(elsewhere);
    expect(server.stats).toMatchObject({ migrated: 1, dropped: { stray: 1 } });
    expect(peer.state).toBe('open');
  });
});

describe('limits.maxForgedRecords', () => {
  const limited = (limits: ServerLimits) => openPair({ server: { limits } });

  test('ends an association with an error and close_notify', async () => {
    const pair = await limited({ maxForgedRecords: 3 });
    const { server, client, peer } = pair;
    const told = once(server, 'peerError');
    for (let i = 0; i < 2; i++) await arrive(pair, peer, forged);
    await talk(client, peer);
    expect(peer.state).toBe('open');
    await arrive(pair, peer, forged);
    const error = { code: 'ERR_DTLS_FORGED', peer: pair.transport.address };
    expect(await peer.closed).toMatchObject({ reason: 'error', error });
    expect((await told)[0]).toMatchObject(error);
    expect(await client.closed).toEqual({ reason: 'peer' });
    expect(peer.stats).toMatchObject({ alertsSent: 1, dropped: { forged: 3 } });
    expect(server.associations.size).toBe(0);
    expect(server.stats.handshakesFailed).toBe(0);
    expect(server.stats.handshakeErrors).toEqual({});
  });

  test('counts nothing but forgeries, and those of each association alone', async () => {
    const pair = await limited({ maxForgedRecords: 2 });
    const other = await openPair({ server: { limits: { maxForgedRecords: 2 } } });
    pair.client.send('once');
    await pair.link.quiet();
    for (let i = 0; i < 5; i++) {
      await arrive(pair, pair.peer, pair.link.toServer.sent.at(-1) as Buffer);
      await arrive(pair, pair.peer, Buffer.of(0xff));
    }
    await arrive(pair, pair.peer, forged);
    await arrive(other, other.peer, forged);
    expect(pair.peer.stats.dropped).toEqual({ forged: 1, replayed: 5, unwanted: 5 });
    await talk(pair.client, pair.peer);
    await talk(other.client, other.peer);
  });

  test('counts each record of a datagram, data and alerts alike', async () => {
    const pair = await limited({ maxForgedRecords: 8 });
    const alert = record(Type.alert, Buffer.alloc(26, 7), { epoch: 1, sequence: 41 });
    await arrive(pair, pair.peer, Buffer.concat([forged, forged, alert]));
    await arrive(pair, pair.peer, alert);
    await arrive(pair, pair.peer, Buffer.concat([alert, alert, forged]));
    expect(pair.peer.stats.dropped.forged).toBe(3);
    await talk(pair.client, pair.peer);
    await arrive(pair, pair.peer, alert);
    expect(await pair.peer.closed).toMatchObject({ error: { code: 'ERR_DTLS_FORGED' } });
  });

  test('of 0 ends none, whatever comes', async () => {
    const pair = await limited({ maxForgedRecords: 0 });
    for (let i = 0; i < 100; i++) pair.link.inject(forged, pair.transport.address);
    await pair.link.quiet();
    expect(pair.peer.stats.dropped.forged).toBe(100);
    await talk(pair.client, pair.peer);
  });

  test('is reached once: what comes behind it in the same turn is nobody’s', async () => {
    const pair = await limited({ maxForgedRecords: 1 });
    const errors: unknown[] = [];
    pair.server.on('peerError', (error) => errors.push(error));
    // The answer to close_notify would be a stray, too.
    pair.transport.unplug();
    for (let i = 0; i < 5; i++) pair.link.inject(forged, pair.transport.address);
    await pair.link.quiet();
    expect(errors).toHaveLength(1);
    expect(pair.peer.stats.dropped.forged).toBe(1);
    expect(pair.server.stats.dropped.stray).toBe(4);
  });

  test.each([
    ['PSK-AES128-CCM8', 2 ** 20],
    ['PSK-AES128-CCM', 2 ** 23],
    ['PSK-AES128-GCM-SHA256', 2 ** 36],
    ['ECDHE-PSK-CHACHA20-POLY1305', 2 ** 36],
  ])('is what %s bears by default, on a client, too', (suite, limit) => {
    const { maxForgedRecords } = parseConnectOptions({ port: 1, psk });
    expect(maxForgedRecords).toBeUndefined();
    expect(parseServerOptions({ psk: { alice: psk.key } }).maxForgedRecords).toBeUndefined();
    expect(maxForgeries(suite)).toBe(limit);
  });

  test('of the suite ends an association that has no other', async () => {
    const { client } = await openPair();
    const setup = { stats: client.stats, events: { dropped: () => {} }, transport: {}, maxForgedRecords: undefined };
    const data = new DataPhase({} as LiveSession, setup as unknown as DriverSetup, 'PSK-AES128-CCM8');
    let drops = 1;
    while (!data.drop(Status.Forged, forged)) drops++;
    expect(drops).toBe(2 ** 20);
  });

  test('counts for the keys of one session: a client that reconnects begins anew', async () => {
    const { client } = await openPair();
    const setup = { stats: client.stats, events: { dropped: () => {} }, transport: {}, maxForgedRecords: 2 };
    for (let session = 1; session <= 2; session++) {
      const data = new DataPhase({} as LiveSession, setup as unknown as DriverSetup, 'PSK-AES128-CCM8');
      expect([Status.Forged, Status.Replayed, Status.Forged].map((status) => data.drop(status, forged))).toEqual([
        false,
        false,
        true,
      ]);
    }
    expect(client.stats.dropped).toEqual({ forged: 4, replayed: 2, unwanted: 0 });
  });
});
