import { describe, expect, jest, test } from '@jest/globals';
import { parseRecords, recordName } from '../../lib/handshake/wire';
import { fakeClock } from '../support/clock';
import { clientAddress, drop, Link, type LinkClient } from '../support/link';
import { client, key, serve } from '../support/pair';

const windowMs = 30_000;

// In the middle of a window.
fakeClock(1000.5 * windowMs);

/** A server that has sent a cookie, and the hello that returns it, still on its way. */
async function cookieSent(options = {}) {
  const link = new Link();
  const server = await serve(link, options);
  link.toServer.rule = drop(1);
  const transport: LinkClient = link.client();
  client(link, { transport }).startHandshake();
  await link.quiet();
  expect(server.stats).toMatchObject({ cookiesSent: 1, handshakesStarted: 0 });
  return { link, server, transport, second: link.toServer.sent[1] as Buffer };
}

test('a server keeps nothing about a client that has not returned its cookie', async () => {
  const link = new Link();
  const server = await serve(link);
  link.toServer.rule = (datagram, n) => (n % 2 === 0 ? [datagram] : []);
  for (let i = 0; i < 50; i++) {
    client(link).startHandshake();
    await link.quiet();
  }
  expect(server.stats).toMatchObject({ cookiesSent: 50, handshakesStarted: 0 });
  expect(jest.getTimerCount()).toBe(50);
});

describe('a cookie is accepted', () => {
  test('from the address that it was sent to', async () => {
    const { link, server, transport, second } = await cookieSent();
    link.inject(second, transport.address);
    await link.quiet();
    expect(server.stats.handshakesStarted).toBe(1);
  });

  test('in the window after that in which it was made', async () => {
    const { link, server, transport, second } = await cookieSent();
    jest.setSystemTime(1001.9 * windowMs);
    link.inject(second, transport.address);
    await link.quiet();
    expect(server.stats).toMatchObject({ cookiesSent: 1, handshakesStarted: 1 });
  });

  test('by another server with the same secret', async () => {
    const cookieSecret = Buffer.alloc(32, 9);
    const { transport, second } = await cookieSent({ cookieSecret });
    const other = new Link();
    const server = await serve(other, { cookieSecret });
    other.inject(second, transport.address);
    await other.quiet();
    expect(server.stats).toMatchObject({ cookiesSent: 0, handshakesStarted: 1 });
  });
});

test('whoever has the secret begins a handshake from an address that is not theirs, and nothing more', async () => {
  const cookieSecret = Buffer.alloc(32, 9);
  const { transport, second } = await cookieSent({ cookieSecret });
  const link = new Link();
  const server = await serve(link, { cookieSecret, handshakeTimeout: 1000 });
  link.inject(second, transport.address);
  await link.quiet();
  expect([server.handshakes, server.associations.size]).toEqual([1, 0]);
  jest.advanceTimersByTime(1000);
  expect([server.handshakes, server.associations.size]).toEqual([0, 0]);
  expect(server.stats).toMatchObject({ cookiesSent: 0, handshakesStarted: 1, handshakesFailed: 1 });
});

describe('a cookie is refused, and another one sent,', () => {
  test.each([
    ['from another port', clientAddress(50_999)],
    ['from another address', { address: '192.0.2.100', port: 50_000, family: 'IPv4' } as const],
  ])('%s', async (_, address) => {
    const { link, server, second } = await cookieSent();
    link.inject(second, address);
    await link.quiet();
    expect(server.stats).toMatchObject({ cookiesSent: 2, handshakesStarted: 0 });
  });

  test('two windows later', async () => {
    const { link, server, transport, second } = await cookieSent();
    jest.setSystemTime(1002 * windowMs);
    link.inject(second, transport.address);
    await link.quiet();
    expect(server.stats).toMatchObject({ cookiesSent: 2, handshakesStarted: 0 });
  });

  test('when it was changed', async () => {
    const { link, server, transport, second } = await cookieSent();
    const forged = Buffer.from(second);
    // Record and message header, version, random, empty session id, cookie length.
    const cookieAt = 13 + 12 + 2 + 32 + 1 + 1;
    expect(forged[cookieAt - 1]).toBe(32);
    forged[cookieAt] = ~(forged[cookieAt] as number) & 0xff;
    link.inject(forged, transport.address);
    await link.quiet();
    expect(server.stats).toMatchObject({ cookiesSent: 2, handshakesStarted: 0 });
  });

  test.each([
    ['secrets of their own', {}],
    ['different secrets', { cookieSecret: Buffer.alloc(32, 1) }],
  ])('by another server when they have %s', async (_, options) => {
    const { transport, second } = await cookieSent({ cookieSecret: Buffer.alloc(32, 9) });
    const other = new Link();
    const server = await serve(other, options);
    other.inject(second, transport.address);
    await other.quiet();
    expect(server.stats).toMatchObject({ cookiesSent: 1, handshakesStarted: 0 });
  });
});

describe('a secret that is replaced', () => {
  const [old, next] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)] as [Buffer, Buffer];

  test.each([
    ['behind the new one still verifies', [next, old], { cookiesSent: 1, handshakesStarted: 1 }],
    ['entirely verifies no more', next, { cookiesSent: 2, handshakesStarted: 0 }],
  ])('%s', async (_, secrets, stats) => {
    const { link, server, transport, second } = await cookieSent({ cookieSecret: old });
    server.setCookieSecret(secrets);
    link.inject(second, transport.address);
    await link.quiet();
    expect(server.stats).toMatchObject(stats);
  });

  test('makes no cookies any more: the first of several does', async () => {
    const { transport, second } = await cookieSent({ cookieSecret: [next, old] });
    for (const [cookieSecret, handshakesStarted] of [
      [next, 1],
      [old, 0],
    ] as const) {
      const link = new Link();
      const server = await serve(link, { cookieSecret });
      link.inject(second, transport.address);
      await link.quiet();
      expect(server.stats).toMatchObject({ handshakesStarted });
    }
  });

  test('stays replaced when the credentials are', async () => {
    const { link, server, transport, second } = await cookieSent({ cookieSecret: old });
    server.setCookieSecret([next, old]);
    server.setSecureContext({ psk: { alice: key } });
    link.inject(second, transport.address);
    await link.quiet();
    expect(server.stats).toMatchObject({ cookiesSent: 1, handshakesStarted: 1 });
  });
});

test('the answer to a hello is a HelloVerifyRequest of DTLS 1.0 with a cookie of 32 bytes', async () => {
  const { link } = await cookieSent();
  const answer = link.toClient.sent[0] as Buffer;
  expect(parseRecords(answer).map(recordName)).toEqual(['HelloVerifyRequest']);
  expect(answer.length).toBe(60);
  expect(answer.readUInt16BE(1)).toBe(0xfeff);
});
