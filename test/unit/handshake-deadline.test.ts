import { once } from 'node:events';
import { expect, jest, test } from '@jest/globals';
import type { DtlsAssociation, DtlsError } from '../../lib';
import { HandshakeType } from '../../lib/handshake/wire';
import { fakeClock } from '../support/clock';
import { rejected } from '../support/errors';
import { dropMessage, Link } from '../support/link';
import { client, openPair, serve, talk } from '../support/pair';

fakeClock();

/** Starts a handshake, lets it get as far as it can, and waits for the default deadline. */
async function timeOut(link: Link): Promise<DtlsError> {
  const association = client(link).startHandshake();
  association.on('handshakeTimeout', () => {
    throw new Error('nothing was sent again');
  });
  await link.quiet();
  jest.advanceTimersByTime(59_999);
  expect(association.state).toBe('handshaking');
  jest.advanceTimersByTime(1);
  return rejected(association.opened);
}

test('without any answer: address, port, firewall', async () => {
  const error = await timeOut(new Link());
  expect(error).toMatchObject({
    code: 'ERR_DTLS_HANDSHAKE_TIMEOUT',
    peer: { address: '192.0.2.1', port: 22334, family: 'IPv4' },
    handshake: { flightsSent: 1, datagramsReceived: 0, lastSent: 'ClientHello', lastReceived: undefined },
  });
  expect(error.message).toMatch(/^Nothing came back from the server 192\.0\.2\.1:22334 in 60\.0 s: .*port.*firewall/);
});

test('when only a HelloVerifyRequest came back: MTU, cookie', async () => {
  const link = new Link();
  await serve(link);
  link.toServer.rule = (datagram, n) => (n === 0 ? [datagram] : []);
  const error = await timeOut(link);
  expect(error).toMatchObject({
    code: 'ERR_DTLS_HANDSHAKE_TIMEOUT',
    handshake: { flightsSent: 2, datagramsReceived: 1, lastReceived: 'HelloVerifyRequest' },
  });
  expect(error.message).toMatch(/answered the first ClientHello and not the second, for 60\.0 s/);
});

test('in silence after our Finished: most likely the key', async () => {
  const link = new Link();
  await serve(link);
  link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
  const error = await timeOut(link);
  expect(error).toMatchObject({ code: 'ERR_DTLS_PSK_MISMATCH', handshake: { lastSent: 'Finished' } });
  expect(error.message).toMatch(/fell silent after our Finished message .*keys for the identity "alice" differ/);
});

test('of a server whose client fell silent: what was last said', async () => {
  const link = new Link();
  const server = await serve(link);
  const peerErrors = once(server, 'peerError') as Promise<[DtlsError]>;
  link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
  client(link, { handshakeTimeout: 120_000 }).startHandshake();
  await link.quiet();
  jest.advanceTimersByTime(60_000);
  const [error] = await peerErrors;
  expect(error).toMatchObject({
    code: 'ERR_DTLS_HANDSHAKE_TIMEOUT',
    handshake: { lastSent: 'ServerHelloDone', lastReceived: 'ClientHello' },
  });
  expect(error.message).toMatch(/the client 192.* last sent ServerHelloDone, last received ClientHello/);
  expect(server.stats).toMatchObject({ handshakesFailed: 1 });
});

test('is that of the option', async () => {
  const association = client(new Link(), { handshakeTimeout: 1500 }).startHandshake();
  jest.advanceTimersByTime(1499);
  expect(association.state).toBe('connecting');
  jest.advanceTimersByTime(1);
  expect((await rejected(association.opened)).message).toContain('1.5 s');
});

test('holds for a transport that never opens', async () => {
  const transport = new Link().client();
  transport.open = () => {};
  const association = client(new Link(), { transport }).startHandshake();
  jest.advanceTimersByTime(60_000);
  expect(await rejected(association.opened)).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE_TIMEOUT' });
});

test('holds for a resolver that never answers', async () => {
  const association = client(new Link(), { transport: undefined, host: 'dtls.example', port: 1, lookup: () => {} });
  association.startHandshake();
  jest.advanceTimersByTime(60_000);
  expect(await rejected(association.opened)).toMatchObject({ code: 'ERR_DTLS_LOOKUP' });
});

test('no timer is left when the association is open, and none when it is closed', async () => {
  const { client, peer } = await openPair();
  expect(jest.getTimerCount()).toBe(0);
  await talk(client, peer);
  await client.close();
  await peer.closed;
  expect(jest.getTimerCount()).toBe(0);
});

test('no timer is left when a handshake failed', async () => {
  const link = new Link();
  const server = await serve(link);
  const association: DtlsAssociation = client(link, { ciphers: 'PSK-AES128-CBC-SHA' });
  const peerErrors = once(server, 'peerError');
  await rejected(association.startHandshake().opened);
  await peerErrors;
  expect(jest.getTimerCount()).toBe(0);
});

test('no timer is left when a client was closed on its way', async () => {
  const association = client(new Link()).startHandshake();
  expect(jest.getTimerCount()).toBe(1);
  await association.close();
  expect(jest.getTimerCount()).toBe(0);
});
