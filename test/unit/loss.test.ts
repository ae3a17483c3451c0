import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { ConnectOptions, DtlsAssociation, ServerOptions } from '../../lib';
import { numbers } from '../../lib/testing/random';
import { damageFinished, deliverAll, drop, duplicate, inTurn, Link, late, type Rule } from '../support/link';
import { client, key, openPair, quick, serve, talk } from '../support/pair';

type Lane = 'toServer' | 'toClient';

interface Setting {
  client: Partial<ConnectOptions>;
  server: Partial<ServerOptions>;
  /** Datagrams of a handshake without losses. */
  datagrams: Record<Lane, number>;
}

const longIdentity = 'i'.repeat(128);

const settings: Record<string, Setting> = {
  'one datagram a flight': { client: {}, server: {}, datagrams: { toServer: 3, toClient: 3 } },
  'several datagrams a flight': {
    client: { mtu: 256, psk: { identity: longIdentity, key }, ciphers: 'PSK:@SECLEVEL=0' },
    server: {
      mtu: 256,
      psk: { [longIdentity]: key },
      ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
      pskIdentityHint: 'h'.repeat(128),
    },
    datagrams: { toServer: 5, toClient: 5 },
  },
};

const fates: Array<[string, (n: number) => Rule]> = [
  ['lost', drop],
  ['doubled', duplicate],
  ['overtaken by the next one', (n) => late(n)],
  ['later than several others', (n) => late(n, 3)],
];

async function complete(link: Link, setting: Setting): Promise<void> {
  const pair = await openPair({
    link,
    client: { ...setting.client, ...quick },
    server: { ...setting.server, ...quick },
  });
  link.toServer.rule = link.toClient.rule = deliverAll;
  await talk(pair.client, pair.peer);
}

describe.each(Object.entries(settings))('with %s, a handshake completes', (_, setting) => {
  test('and takes as many datagrams as the cases below are made for', async () => {
    const { link } = await openPair({ client: setting.client, server: setting.server });
    expect({ toServer: link.toServer.sent.length, toClient: link.toClient.sent.length }).toEqual(setting.datagrams);
  });

  const cases = fates.flatMap(([fate, rule]) =>
    (['toServer', 'toClient'] as const).flatMap((lane) =>
      Array.from({ length: setting.datagrams[lane] }, (_, n) => ({ fate, rule, lane, n })),
    ),
  );

  test.each(cases)('when datagram $n $lane is $fate', async ({ rule, lane, n }) => {
    const link = new Link();
    link[lane].rule = rule(n);
    await complete(link, setting);
  });

  test.each(['toServer', 'toClient'] as const)('when the Finished %s is damaged', async (lane) => {
    const link = new Link();
    link[lane].rule = damageFinished();
    await complete(link, setting);
  });

  test('when every datagram is doubled', async () => {
    const link = new Link();
    link.toServer.rule = link.toClient.rule = (datagram) => [datagram, datagram];
    await complete(link, setting);
  });

  test.each([1, 2, 3, 4, 5])('when a fifth of all datagrams is lost, seed %i', async (seed) => {
    const link = new Link();
    const random = numbers(seed);
    link.toServer.rule = link.toClient.rule = (datagram) => (random() < 0.2 ? [] : [datagram]);
    await complete(link, setting);
  });
});

test('the server sends its last flight again when it is open and the client repeats its own', async () => {
  const link = new Link();
  const server = await serve(link, quick);
  link.toClient.rule = drop(2);
  const association = client(link, quick).startHandshake();
  const [peer] = (await once(server, 'secureConnection')) as [DtlsAssociation];
  expect(peer.state).toBe('open');
  expect(association.state).toBe('handshaking');
  await association.opened;
  expect(link.toClient.sent.length).toBeGreaterThanOrEqual(4);
  await talk(association, peer);
});

test('a client whose last flight was lost sends it again when the server repeats its own', async () => {
  const link = new Link();
  await serve(link, quick);
  link.toServer.rule = drop(2);
  const association = client(link).startHandshake();
  await association.opened;
  // Its own timer had no part in that.
  expect(association.handshake?.retransmits).toBe(0);
  // Twice, byte for byte: one copy may be lost, and two do no harm.
  const [lost, ...copies] = link.toServer.sent.slice(2);
  expect(copies.slice(0, 2)).toEqual([lost, lost]);
});

test('a client whose last flight was lost repeats it, and stays alone with its timer', async () => {
  const link = new Link();
  const server = await serve(link);
  link.toServer.rule = drop(2);
  const association = client(link, quick).startHandshake();
  await association.opened;
  expect(association.handshake?.retransmits).toBeGreaterThanOrEqual(1);
  expect([...server.associations].map((peer) => peer.stats.retransmits)).toEqual([0]);
});

test('messages that overtake the last flight come out behind it, in order', async () => {
  // Larger than the datagram with which it comes out.
  const large = 'x'.repeat(1000);
  const link = new Link();
  const server = await serve(link);
  server.on('secureConnection', (peer) => {
    peer.send('one');
    peer.send(large);
  });
  link.toClient.rule = late(2, 2);
  const association = client(link);
  const events: string[] = [];
  association.on('secureConnect', () => events.push('secureConnect'));
  association.on('message', (data) => events.push(data.toString()));
  await association.startHandshake().opened;
  await link.quiet();
  expect(events).toEqual(['secureConnect', 'one', large]);
});

test('a message that a transport hands over together with the last flight is not lost to whoever awaits opened', async () => {
  const link = new Link();
  const server = await serve(link);
  server.on('secureConnection', (peer) => {
    peer.send('one');
    peer.send('two');
  });
  link.toClient.rule = (datagram, n) => (n < 2 ? [datagram] : []);
  const transport = link.client();
  const association = client(link, { transport }).startHandshake();
  await link.quiet();
  const [lastFlight, one, two] = link.toClient.sent.slice(2) as [Buffer, Buffer, Buffer];
  for (const datagram of [one, lastFlight, two]) transport.receiver?.datagram(Buffer.from(datagram));
  const texts: string[] = [];
  (await association.opened).on('message', (data) => texts.push(data.toString()));
  await link.quiet();
  expect(texts).toEqual(['one', 'two']);
});

test('messages that are lost are gone, those that overtake each other come as they come', async () => {
  const { client, peer, link } = await openPair();
  const texts: string[] = [];
  peer.on('message', (data) => texts.push(data.toString()));
  const first = link.toServer.sent.length;
  link.toServer.rule = inTurn(drop(first), late(first + 1));
  for (const text of ['a', 'b', 'c']) client.send(text);
  await link.quiet();
  expect(texts).toEqual(['c', 'b']);
});
