import { expect, jest, test } from '@jest/globals';
import { deferred } from '../../lib/association/deferred';
import { HandshakeType } from '../../lib/handshake/wire';
import { fakeClock } from '../support/clock';
import { dropMessage, Link } from '../support/link';
import { client, key, openPair, serve, talk } from '../support/pair';

fakeClock();

const server = { idleTimeout: 8000 };
/** An idle association is found within an eighth of the timeout. */
const found = 9000;

test('an association from whose peer nothing came for idleTimeout ends with close_notify', async () => {
  const { server: it, client, peer } = await openPair({ server });
  jest.advanceTimersByTime(found);
  expect(await peer.closed).toEqual({ reason: 'idle' });
  expect(await client.closed).toEqual({ reason: 'peer' });
  expect(it.associations.size).toBe(0);
  expect(it.stats.expired).toBe(1);
});

test('it does not end before', async () => {
  const { peer, server: it } = await openPair({ server });
  jest.advanceTimersByTime(7999);
  expect(peer.state).toBe('open');
  expect(it.stats.expired).toBe(0);
});

test('whatever comes from the peer keeps it open', async () => {
  const { client, peer } = await openPair({ server });
  for (let i = 0; i < 5; i++) {
    jest.advanceTimersByTime(6000);
    await talk(client, peer);
  }
  expect(peer.state).toBe('open');
});

test('what this side sends does not keep it open', async () => {
  const { peer, link } = await openPair({ server });
  for (let i = 0; i < 3; i++) {
    jest.advanceTimersByTime(3000);
    if (peer.state === 'open') peer.send('are you there?');
    await link.quiet();
  }
  expect(await peer.closed).toEqual({ reason: 'idle' });
});

test('a handshake has its own deadline', async () => {
  const link = new Link();
  const it = await serve(link, server);
  link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
  client(link).startHandshake();
  await link.quiet();
  jest.advanceTimersByTime(found);
  expect(it.stats).toMatchObject({ handshakesStarted: 1, handshakesFailed: 0, expired: 0 });
});

test('the time of a handshake does not count', async () => {
  const link = new Link();
  const answer = deferred<Uint8Array>();
  await serve(link, { ...server, pskCallback: () => answer.promise });
  const association = client(link, { psk: { identity: 'bob', key } }).startHandshake();
  await link.quiet();
  jest.advanceTimersByTime(found);
  answer.resolve(key);
  await association.opened;
  jest.advanceTimersByTime(7000);
  await link.quiet();
  expect(association.state).toBe('open');
});

test('without the option nothing ever ends', async () => {
  const { client, peer } = await openPair();
  jest.advanceTimersByTime(7 * 24 * 3600 * 1000);
  await talk(client, peer);
});

test('the timer ends with the server', async () => {
  const { server: it, client } = await openPair({ server });
  await it.close();
  await client.closed;
  expect(jest.getTimerCount()).toBe(0);
});
