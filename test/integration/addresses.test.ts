import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { type ConnectOptions, DtlsAssociation, type RemoteAddress } from '../../lib';
import { rejected } from '../support/errors';
import { ask, echoServer, open } from '../support/loopback';
import { closeLater, psk, quick } from '../support/pair';
import { both, lookupOf, refusingPort, secondAddress, udpSocket } from '../support/udp';

/** Starts a client and notes the addresses that it tries. */
function start(port: number, options: Partial<ConnectOptions>) {
  const association = closeLater(new DtlsAssociation({ port, psk, ...options }));
  const tried: string[] = [];
  association.on('lookup', ({ address }: RemoteAddress) => tried.push(address));
  association.startHandshake();
  return { association, tried };
}

describe('a host with two addresses', () => {
  test('whose first one refuses is reached at the second', async () => {
    const port = await refusingPort();
    await echoServer({}, { address: secondAddress, port });
    const { association, tried } = start(port, both);
    expect(await ask(await association.opened, 'hello')).toBe('hello');
    expect(tried).toEqual(['127.0.0.1', secondAddress]);
    expect(association.remote.address).toBe(secondAddress);
  });

  test('whose first one is silent is reached at the second', async () => {
    const silent = await udpSocket();
    const { port } = silent.address();
    await echoServer({}, { address: secondAddress, port });
    const { association, tried } = start(port, { ...both, ...quick });
    expect(await ask(await association.opened, 'hello')).toBe('hello');
    expect(tried).toEqual(['127.0.0.1', secondAddress]);
  });

  test('whose first one answers is not tried at the second', async () => {
    const { port } = await echoServer();
    const { association, tried } = start(port, both);
    await association.opened;
    expect(tried).toEqual(['127.0.0.1']);
  });

  test('whose first one answers and falls silent later is not left for the second', async () => {
    const [front, back] = [await udpSocket(), await udpSocket()];
    const { port } = front.address();
    const genuine = await echoServer();
    // Only the first hello has an answer.
    front.once('message', (hello, client) => {
      back.once('message', (answer) => front.send(answer, client.port, client.address));
      back.send(hello, genuine.port, '127.0.0.1');
    });
    const { association, tried } = start(port, { ...both, ...quick });
    for (let i = 0; i < 5; i++) await once(association, 'handshakeTimeout');
    expect(association.stats.datagramsReceived).toBe(1);
    expect(tried).toEqual(['127.0.0.1']);
  });

  test('that both refuse is told for the last one', async () => {
    const port = await refusingPort();
    const { association, tried } = start(port, { host: 'dtls.example', lookup: lookupOf('127.0.0.1', '127.0.0.1') });
    expect(await rejected(association.opened)).toMatchObject({ code: 'ERR_DTLS_REFUSED', peer: { port } });
    expect(tried).toEqual(['127.0.0.1', '127.0.0.1']);
  });

  test.each([
    ['first', '127.0.0.1'],
    ['second', secondAddress],
  ])('may be closed on its way to the %s', async (_, address) => {
    const port = await refusingPort();
    const { server } = await echoServer({}, { address: secondAddress, port });
    const { association } = start(port, both);
    association.on('lookup', (tried) => tried.address === address && association.destroy());
    expect(await association.closed).toEqual({ reason: 'local' });
    expect(await rejected(association.opened)).toMatchObject({ code: 'ERR_DTLS_CLOSED' });
    // Whatever the closed one sent would have arrived before this.
    await open(port, { host: secondAddress });
    expect(server.stats.cookiesSent).toBe(1);
  });
});

test('localhost resolves, and the address that serves is found', async () => {
  const { port } = await echoServer();
  const association = await open(port, { host: 'localhost', ...quick });
  expect(await ask(association, 'hello')).toBe('hello');
  expect(association.name).toBe(`localhost:${port}`);
});

test('a host that does not exist is told by ERR_DTLS_LOOKUP', async () => {
  const error = await rejected(open(5684, { host: 'no-such-host.invalid' }));
  expect(error).toMatchObject({ code: 'ERR_DTLS_LOOKUP', cause: expect.objectContaining({ syscall: 'getaddrinfo' }) });
  expect(error.message).toContain('"no-such-host.invalid"');
});

test('nothing listening is told by the answer of the kernel, before any retransmission', async () => {
  const port = await refusingPort();
  const error = await rejected(open(port));
  expect(error).toMatchObject({
    code: 'ERR_DTLS_REFUSED',
    peer: { address: '127.0.0.1', port, family: 'IPv4' },
    cause: { code: 'ECONNREFUSED' },
    handshake: { flightsSent: 1, retransmits: 0, lastSent: 'ClientHello', datagramsReceived: 0 },
  });
  expect(error.message).toContain(`127.0.0.1:${port}`);
});

test("the way to a host by name is told in Qt's words", async () => {
  const { port } = await echoServer({ ciphers: 'PSK-AES128-GCM-SHA256' });
  const association = closeLater(
    new DtlsAssociation({ host: 'dtls.example', port, psk, lookup: lookupOf('127.0.0.1'), name: 'Alice' }),
  );
  const texts: string[] = [];
  association.on('infoMessage', (text) => texts.push(text));
  association.startHandshake();
  await once(association, 'secureConnect');
  expect(texts.slice(0, 3)).toEqual([
    'Alice: connecting UDP socket first ...',
    'Alice: UDP socket is now in ConnectedState, continue with handshake ...',
    'Alice: starting a handshake',
  ]);
});
