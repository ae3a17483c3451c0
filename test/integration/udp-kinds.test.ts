import dgram from 'node:dgram';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { DtlsAssociation } from '../../lib';
import { rejected } from '../support/errors';
import { ask, echoServer, open } from '../support/loopback';
import { messages } from '../support/pair';
import { hasIpv6, ownPort } from '../support/udp';

const native = process.platform === 'linux';
if (!native) console.log('The tests of native sockets are skipped: there are none here.');
const udps = native ? (['native', 'dgram'] as const) : (['dgram'] as const);

afterEach(() => {
  jest.restoreAllMocks();
});

describe.each(udps.flatMap((client) => udps.map((server) => [client, server] as const)))(
  'a client on udp: "%s" and a server on udp: "%s"',
  (client, server) => {
    test('understand each other', async () => {
      const { port } = await echoServer({}, { udp: server });
      const associations = await Promise.all(Array.from({ length: 20 }, () => open(port, { udp: client })));
      const texts = associations.map((_, i) => `message ${i}`);
      expect(await Promise.all(associations.map((each, i) => ask(each, texts[i] as string)))).toEqual(texts);
    });

    test('lose nothing of what was sent before close', async () => {
      const running = await echoServer({}, { udp: server });
      const association = await open(running.port, { udp: client });
      await ask(association, 'are you there?');
      const [peer] = [...running.server.associations] as [DtlsAssociation];
      const texts = Array.from({ length: 50 }, (_, i) => `message ${i}`);
      const arrived = messages(peer, texts.length);
      for (const text of texts) association.send(text);
      await association.close();
      expect(await peer.closed).toEqual({ reason: 'peer' });
      expect(await arrived).toEqual(texts);
    });
  },
);

(hasIpv6 ? describe : describe.skip).each(udps)('a server on "::", udp: "%s"', (udp) => {
  test('takes clients of both families', async () => {
    const { port } = await echoServer({}, { address: '::', udp });
    expect(await ask(await open(port, { host: '::1' }), 'six')).toBe('six');
    expect(await ask(await open(port), 'four')).toBe('four');
  });

  test('with ipv6Only leaves IPv4 alone', async () => {
    // One that nobody has on IPv4.
    const port = ownPort();
    await echoServer({}, { address: '::', ipv6Only: true, udp, port });
    expect(await ask(await open(port, { host: '::1' }), 'six')).toBe('six');
    expect(await rejected(open(port))).toMatchObject({ code: 'ERR_DTLS_REFUSED' });
  });
});

test('the options of a socket reach one of node:dgram', async () => {
  const options = { udp: 'dgram', recvBufferSize: 4096, sendBufferSize: 8192, ttl: 7 } as const;
  const createSocket = jest.spyOn(dgram, 'createSocket');
  const setTtl = jest.spyOn(dgram.Socket.prototype, 'setTTL');
  const { port } = await echoServer({}, options);
  await open(port, options);
  const made = createSocket.mock.results.map(({ value }) => value as dgram.Socket);
  expect(made).toHaveLength(2);
  for (const socket of made) {
    // Linux doubles them, for its own bookkeeping (socket(7)).
    expect([4096, 2 * 4096]).toContain(socket.getRecvBufferSize());
    expect([8192, 2 * 8192]).toContain(socket.getSendBufferSize());
  }
  expect(setTtl.mock.calls).toEqual([[7], [7]]);
});
