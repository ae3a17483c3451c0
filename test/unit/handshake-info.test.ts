import { expect, test } from '@jest/globals';
import { drop, Link } from '../support/link';
import { client, openPair, quick, serve } from '../support/pair';

const ciphers = 'PSK-AES128-GCM-SHA256';

test('a handshake without losses takes three flights each way, and the record tells so', async () => {
  const { client, peer } = await openPair({ client: { ciphers, mtu: 1000 }, server: { mtu: 900 } });
  expect(client.handshake).toEqual({
    flightsSent: 3,
    flightsReceived: 3,
    datagramsSent: 3,
    datagramsReceived: 3,
    retransmits: 0,
    repeatsReceived: 0,
    lastSent: 'Finished',
    lastReceived: 'Finished',
    mtu: 1000,
    ciphers: [ciphers],
    cipher: ciphers,
    durationMs: expect.any(Number),
  });
  // What came before the cookie was answered without a memory.
  expect(peer.handshake).toMatchObject({
    flightsSent: 2,
    flightsReceived: 2,
    datagramsSent: 2,
    datagramsReceived: 2,
    lastSent: 'Finished',
    lastReceived: 'Finished',
    mtu: 900,
    cipher: ciphers,
  });
});

test('lost flights show as retransmissions of one side and repetitions of the other', async () => {
  const link = new Link();
  link.toClient.rule = drop(1);
  const { client, peer } = await openPair({ link, client: quick, server: quick });
  const sides = [client, peer].map(({ handshake, stats }) => ({ handshake, stats }));
  for (const { handshake, stats } of sides) {
    expect(handshake?.retransmits).toBe(stats.retransmits);
    expect(handshake?.lastReceived).toBe('Finished');
  }
  expect(client.stats.retransmits + peer.stats.retransmits).toBeGreaterThan(0);
});

test('each retransmission by the timer is an event', async () => {
  const link = new Link();
  await serve(link);
  link.toServer.rule = drop(0, 1);
  const association = client(link, quick);
  let timeouts = 0;
  association.on('handshakeTimeout', () => timeouts++);
  await association.startHandshake().opened;
  expect(timeouts).toBeGreaterThanOrEqual(2);
  // OpenSSL may send again by itself when it reads with its timer expired.
  expect(association.handshake?.retransmits).toBeGreaterThanOrEqual(timeouts);
});

test('the record keeps its contents afterwards', async () => {
  const { client, peer } = await openPair();
  const before = { ...client.handshake };
  client.send('more');
  await client.close();
  await peer.closed;
  expect(client.handshake).toEqual(before);
});
