import { once } from 'node:events';
import { describe, expect, jest, test } from '@jest/globals';
import type { DtlsAssociation, ServerLimits } from '../../lib';
import { HandshakeType } from '../../lib/handshake/wire';
import { fakeClock } from '../support/clock';
import { refusals } from '../support/counters';
import { rejected } from '../support/errors';
import { deliverAll, dropMessage, Link } from '../support/link';
import { client, key, quick, serve, talk, wrongKey } from '../support/pair';

const one = { maxHandshakes: 1 };

/** A server with a single slot, which a client took and does not use. */
async function occupied(limits: ServerLimits) {
  const link = new Link();
  const server = await serve(link, { limits });
  link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
  client(link, { handshakeTimeout: 120_000 }).startHandshake();
  await link.quiet();
  expect(server.stats.handshakesStarted).toBe(1);
  link.toServer.rule = deliverAll;
  return { link, server };
}

describe.each([['maxHandshakes'], ['maxAssociations']])('%s', (limit) => {
  fakeClock();

  test('refuses a handshake on top of it without a word, and counts it', async () => {
    const { link, server } = await occupied({ [limit]: 1 });
    const replies = link.toClient.sent.length;
    const late = client(link).startHandshake();
    await link.quiet();
    // Its cookie was checked, which costs no memory; its second hello has no answer.
    expect(link.toClient.sent.length).toBe(replies + 1);
    expect(server.stats).toMatchObject({ cookiesSent: 2, handshakesStarted: 1, refused: { [limit]: 1 } });
    expect(late.state).toBe('handshaking');
  });

  test('lets the next one in when a handshake gave up', async () => {
    const { link, server } = await occupied({ [limit]: 1 });
    jest.advanceTimersByTime(60_000);
    const association = await client(link).startHandshake().opened;
    await link.quiet();
    expect(server.stats).toMatchObject({ handshakesFailed: 1, handshakesCompleted: 1 });
    expect(refusals(server)).toBe(0);
    await talk(association, [...server.associations][0] as DtlsAssociation);
  });
});

test('maxHandshakes does not count open associations', async () => {
  const link = new Link();
  const server = await serve(link, { limits: one });
  for (let i = 0; i < 3; i++) await client(link).startHandshake().opened;
  await link.quiet();
  expect(server.associations.size).toBe(3);
  expect(refusals(server)).toBe(0);
});

test('maxAssociations counts open associations, and one that ends makes room', async () => {
  const link = new Link();
  const server = await serve(link, { limits: { maxAssociations: 1 } });
  const first = await client(link).startHandshake().opened;
  const second = client(link, quick).startHandshake();
  await link.quiet();
  expect(refusals(server)).toBeGreaterThan(0);
  await first.close();
  await second.opened;
});

describe('an open association is untouched while others are refused', () => {
  fakeClock();

  test.each([
    ['maxAssociations', 20],
    // The first one takes the place.
    ['maxHandshakes', 19],
    ['handshakesPerSecond', 20],
  ] as const)('by %s', async (limit, refused) => {
    const link = new Link();
    const server = await serve(link, { limits: { [limit]: 1 } });
    const association = await client(link).startHandshake().opened;
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    for (let i = 0; i < 20; i++) client(link).startHandshake();
    await link.quiet();
    expect(server.stats.refused[limit]).toBe(refused);
    expect(refusals(server)).toBe(refused);
    await talk(association, [...server.associations][0] as DtlsAssociation);
  });
});

describe('a handshake that fails frees its slot:', () => {
  const cause = new Error('sealed');
  const failures: Record<string, (link: Link) => DtlsAssociation> = {
    'unknown identity': (link) => client(link, { psk: { identity: 'mallory', key } }),
    'no shared cipher': (link) => client(link, { ciphers: 'PSK-AES256-GCM-SHA384' }),
    'wrong key': (link) => client(link, { psk: { identity: 'alice', key: wrongKey }, ...quick }),
    'the callback of the server throws': (link) => client(link, { psk: { identity: 'throw', key } }),
  };

  test.each(Object.entries(failures))('%s', async (_, make) => {
    const link = new Link();
    const server = await serve(link, {
      ...quick,
      ciphers: 'PSK-AES128-GCM-SHA256',
      limits: one,
      pskCallback: (identity) => {
        if (identity === 'throw') throw cause;
        return undefined;
      },
    });
    const told = once(server, 'peerError');
    await rejected(make(link).startHandshake().opened);
    await told;
    expect(server.associations.size).toBe(0);
    expect(server.stats).toMatchObject({ handshakesStarted: 1, handshakesFailed: 1 });
    const association = await client(link).startHandshake().opened;
    await link.quiet();
    expect(server.stats).toMatchObject({ handshakesStarted: 2, handshakesCompleted: 1 });
    await talk(association, [...server.associations][0] as DtlsAssociation);
  });

  test('even from the address at which it failed', async () => {
    const link = new Link();
    const server = await serve(link, { limits: one });
    const transport = link.client();
    await rejected(client(link, { transport, psk: { identity: 'mallory', key } }).startHandshake().opened);
    const again = link.client(transport.address);
    await client(link, { transport: again }).startHandshake().opened;
    expect(refusals(server)).toBe(0);
  });
});
