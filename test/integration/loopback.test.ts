import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { createServer, type DtlsAssociation } from '../../lib';
import { rejected } from '../support/errors';
import { ask, echoServer, open } from '../support/loopback';
import { closeLater, key } from '../support/pair';
import { hasIpv6, ownPort, secondAddress, udpSocket } from '../support/udp';

describe('over IPv4', () => {
  test('a message goes there and back', async () => {
    const { port } = await echoServer();
    expect(await ask(await open(port), 'hello')).toBe('hello');
  });

  test('both sides name each other by address, port and family', async () => {
    const { server, port } = await echoServer();
    const secure = once(server, 'secureConnection') as Promise<[DtlsAssociation]>;
    const association = await open(port);
    const [peer] = await secure;
    expect(server.address()).toEqual({ address: '127.0.0.1', port, family: 'IPv4' });
    expect(association.remote).toEqual({ address: '127.0.0.1', port, family: 'IPv4' });
    expect(peer.remote).toEqual({ address: '127.0.0.1', port: expect.any(Number), family: 'IPv4' });
  });

  test('close tells the other side, on either side', async () => {
    const { server, port } = await echoServer();
    const association = await open(port);
    await ask(association, 'are you there?');
    const [peer] = server.associations;
    await association.close();
    expect(await peer?.closed).toEqual({ reason: 'peer' });
    const second = await open(port);
    await server.close();
    expect(await second.closed).toEqual({ reason: 'peer' });
  });

  test('a message of maxPayload bytes passes, whatever the mtu', async () => {
    for (const mtu of [256, 1200, 16_384]) {
      const { port } = await echoServer({ mtu });
      const association = await open(port, { mtu });
      const text = 'x'.repeat(association.maxPayload);
      expect(await ask(association, text)).toBe(text);
    }
  });
});

const ipv6 = hasIpv6 ? describe : describe.skip;
if (!hasIpv6) console.log('The tests over IPv6 are skipped: this machine has no ::1.');

ipv6('over IPv6', () => {
  test('a message goes there and back', async () => {
    const { server, port } = await echoServer({}, { address: '::1' });
    const association = await open(port, { host: '::1' });
    expect(await ask(association, 'hello')).toBe('hello');
    expect(association.remote).toEqual({ address: '::1', port, family: 'IPv6' });
    expect(server.address()).toEqual({ address: '::1', port, family: 'IPv6' });
    expect(association.name).toBe(`[::1]:${port}`);
  });

  test('a server on :: takes clients of both families', async () => {
    const { port } = await echoServer({}, { address: '::' });
    expect(await ask(await open(port, { host: '::1' }), 'six')).toBe('six');
    expect(await ask(await open(port, { host: '127.0.0.1' }), 'four')).toBe('four');
  });

  test('with ipv6Only it leaves IPv4 alone', async () => {
    const { port } = await echoServer({}, { address: '::', ipv6Only: true });
    expect(await ask(await open(port, { host: '::1' }), 'six')).toBe('six');
    expect(await rejected(open(port, { host: '127.0.0.1' }))).toMatchObject({ code: 'ERR_DTLS_REFUSED' });
  });
});

test('50 associations at once to one server, each with its own messages', async () => {
  const { server, port } = await echoServer();
  const associations = await Promise.all(Array.from({ length: 50 }, () => open(port)));
  const answers = await Promise.all(associations.map((association, i) => ask(association, `message ${i}`)));
  expect(answers).toEqual(associations.map((_, i) => `message ${i}`));
  expect(server.associations.size).toBe(50);
  await Promise.all(associations.map((association) => association.close()));
});

test('several associations to several servers', async () => {
  const servers = await Promise.all([echoServer(), echoServer(), echoServer()]);
  const associations = await Promise.all(servers.flatMap(({ port }) => [open(port), open(port)]));
  const answers = await Promise.all(associations.map((association, i) => ask(association, `${i}`)));
  expect(answers).toEqual(['0', '1', '2', '3', '4', '5']);
  expect(servers.map(({ server }) => server.associations.size)).toEqual([2, 2, 2]);
});

describe('localAddress and localPort', () => {
  test('are where the client sends from', async () => {
    const { server, port } = await echoServer({}, { address: secondAddress });
    const localPort = ownPort();
    const association = await open(port, { host: secondAddress, localAddress: secondAddress, localPort });
    await ask(association, 'who am I?');
    expect([...server.associations].map(({ remote }) => remote)).toEqual([
      { address: secondAddress, port: localPort, family: expect.any(String) },
    ]);
  });

  test('may be used again at once: after a close, a client reconnects from the same port', async () => {
    const { server, port } = await echoServer();
    const localPort = ownPort();
    for (let i = 0; i < 3; i++) {
      const association = await open(port, { localPort });
      expect(await ask(association, `${i}`)).toBe(`${i}`);
      await association.close();
    }
    expect(server.stats).toMatchObject({ handshakesCompleted: 3, handshakesFailed: 0 });
  });

  test('that are taken are told by ERR_DTLS_SOCKET with the cause', async () => {
    const { port } = await echoServer();
    const taken = (await udpSocket()).address().port;
    const error = await rejected(open(port, { localAddress: '127.0.0.1', localPort: taken }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_SOCKET', cause: { code: 'EADDRINUSE' } });
    const foreign = await rejected(open(port, { localAddress: '192.0.2.1' }));
    expect(foreign).toMatchObject({ code: 'ERR_DTLS_SOCKET', cause: { code: 'EADDRNOTAVAIL' } });
  });
});

test('a server that cannot be bound tells ERR_DTLS_SOCKET with the cause, and may try another port', async () => {
  const taken = (await udpSocket()).address().port;
  const server = closeLater(createServer({ psk: { alice: key } }));
  const error = await rejected(server.listen({ port: taken, address: '127.0.0.1' }));
  expect(error).toMatchObject({ code: 'ERR_DTLS_SOCKET', cause: { code: 'EADDRINUSE' } });
  expect(error.message).toContain(`127.0.0.1:${taken}/udp`);
  await server.listen({ port: 0, address: '127.0.0.1' });
  await open(server.address().port);
});

test('close flushes what was sent, however much', async () => {
  const { server, port } = await echoServer();
  const association = await open(port);
  await ask(association, 'are you there?');
  const [peer] = [...server.associations] as [DtlsAssociation];
  const arrived: string[] = [];
  peer.on('message', (data) => arrived.push(data.toString()));
  for (let i = 0; i < 50; i++) association.send(`${i}`);
  await association.close();
  expect(await peer.closed).toEqual({ reason: 'peer' });
  expect(arrived).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`));
});
