import dgram from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createServer, type DtlsAssociation } from '../../lib';
import { rejected } from '../support/errors';
import { ask, echoServer, open, sharedEndpoint } from '../support/loopback';
import { closeLater, key, patient } from '../support/pair';
import { hasIpv6, refusingPort } from '../support/udp';

const sockets: dgram.Socket[] = [];

// Behind everything that uses them; a socket that we had closed would throw.
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

function unbound(type: dgram.SocketType = 'udp4'): dgram.Socket {
  const socket = dgram.createSocket(type);
  sockets.push(socket);
  return socket;
}

async function bound(): Promise<dgram.Socket> {
  const socket = unbound();
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** A server on the user's socket that sends back what it gets. */
async function serve(socket: dgram.Socket) {
  const server = closeLater(createServer({ psk: { alice: key } }));
  server.on('secureConnection', (peer) => peer.on('message', (data) => peer.send(data)));
  await server.listen({ socket });
  return { server, port: server.address().port };
}

const listeners = (socket: dgram.Socket): number[] =>
  ['message', 'error', 'listening', 'close'].map((name) => socket.listenerCount(name));

describe("a server on a user's socket", () => {
  test('serves where the socket is bound', async () => {
    const socket = await bound();
    const { server, port } = await serve(socket);
    expect(server.address()).toEqual({ ...socket.address(), family: 'IPv4' });
    expect(await ask(await open(port), 'hello')).toBe('hello');
  });

  test('binds it to any port when nobody did', async () => {
    const socket = unbound();
    const { port } = await serve(socket);
    expect(socket.address()).toMatchObject({ address: '0.0.0.0', port });
    expect(await ask(await open(port), 'hello')).toBe('hello');
  });

  (hasIpv6 ? test : test.skip)('binds one of IPv6 to any port, which serves both families', async () => {
    const { port } = await serve(unbound('udp6'));
    expect(await ask(await open(port, { host: '::1' }), 'six')).toBe('six');
    expect(await ask(await open(port), 'four')).toBe('four');
  });

  test('waits for one that is being bound', async () => {
    const socket = unbound();
    socket.bind(0, '127.0.0.1');
    const { port } = await serve(socket);
    expect(socket.address()).toMatchObject({ address: '127.0.0.1', port });
    expect(await ask(await open(port), 'hello')).toBe('hello');
  });

  test('tells its peers when it closes, and gives the socket back as it was', async () => {
    const socket = await bound();
    const before = listeners(socket);
    const { server, port } = await serve(socket);
    const association = await open(port);
    await server.close();
    expect(await association.closed).toEqual({ reason: 'peer' });
    expect(listeners(socket)).toEqual(before);
    const next = await serve(socket);
    expect(next.port).toBe(port);
    expect(await ask(await open(port, patient), 'hello')).toBe('hello');
  });

  test('cannot listen on one that is closed, or whose address is taken', async () => {
    const closed = dgram.createSocket('udp4');
    closed.close();
    expect(await rejected(serve(closed))).toMatchObject({ code: 'ERR_DTLS_SOCKET' });
    const taken = unbound();
    taken.bind(await refusingPort(), '127.0.0.1');
    const error = await rejected(serve(taken));
    expect(error).toMatchObject({ code: 'ERR_DTLS_SOCKET', cause: { code: 'EADDRINUSE' } });
    expect(listeners(taken)).toEqual([0, 0, 0, 0]);
  });

  test('closes when the socket fails, which it leaves to the user', async () => {
    const socket = await bound();
    const { server, port } = await serve(socket);
    const association = await open(port);
    const failed = once(server, 'error');
    socket.emit('error', new Error('the cable is cut'));
    expect((await failed)[0]).toMatchObject({ code: 'ERR_DTLS_SOCKET', cause: { message: 'the cable is cut' } });
    expect(await association.closed).toEqual({ reason: 'peer' });
    await server.close();
    expect(socket.address().port).toBe(port);
  });

  test('ends quietly when the user closes it first', async () => {
    const socket = dgram.createSocket('udp4');
    const { server, port } = await serve(socket);
    const association = await open(port);
    await ask(association, 'are you there?');
    const [peer] = [...server.associations] as [DtlsAssociation];
    const failed = once(server, 'peerError');
    socket.close();
    peer.send('nobody carries this');
    expect((await failed)[0]).toMatchObject({ code: 'ERR_DTLS_SOCKET' });
    await server.close();
  });
});

describe("an endpoint on a user's socket", () => {
  test('serves associations with many servers, and gives the socket back', async () => {
    const socket = await bound();
    const endpoint = await sharedEndpoint({ socket });
    const servers = [await echoServer(), await echoServer()];
    const associations = await Promise.all(servers.map(({ port }) => open(port, { endpoint })));
    expect(await Promise.all(associations.map((each, i) => ask(each, `${i}`)))).toEqual(['0', '1']);
    const ports = servers.flatMap(({ server }) => [...server.associations].map(({ remote }) => remote.port));
    expect(ports).toEqual([socket.address().port, socket.address().port]);
    await Promise.all(associations.map((each) => each.close()));
    await endpoint.close();
    expect(listeners(socket)).toEqual([0, 0, 0, 0]);
    expect(socket.address().port).toBe(ports[0]);
  });

  test('binds it when nobody did', async () => {
    const { port } = await echoServer();
    expect(await ask(await open(port, { endpoint: await sharedEndpoint({ socket: unbound() }) }), 'hello')).toBe(
      'hello',
    );
  });

  test('that is closed is refused for new associations, though the socket is open', async () => {
    const endpoint = await sharedEndpoint({ socket: await bound() });
    await endpoint.close();
    const { port } = await echoServer();
    const error = await rejected(open(port, { endpoint }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_SOCKET' });
    expect(error.message).toContain('its endpoint was closed');
  });

  test('whose socket the user closes ends an association that sends', async () => {
    const socket = dgram.createSocket('udp4');
    const endpoint = await sharedEndpoint({ socket });
    const { port } = await echoServer();
    const association = await open(port, { endpoint });
    socket.close();
    association.send('nobody carries this');
    expect(await association.closed).toMatchObject({ reason: 'error', error: { code: 'ERR_DTLS_SOCKET' } });
  });
});

test("a user's socket serves a server, clients and the user at once", async () => {
  const socket = await bound();
  const own: string[] = [];
  socket.on('message', (bytes) => bytes.length === 5 && own.push(bytes.toString()));
  const { port } = await serve(socket);
  const endpoint = await sharedEndpoint({ socket });
  const others = [await echoServer(), await echoServer()];
  const inward = await Promise.all([open(port), open(port)]);
  const outward = await Promise.all(others.map((other) => open(other.port, { endpoint })));
  const all = [...inward, ...outward];
  expect(await Promise.all(all.map((each, i) => ask(each, `message ${i}`)))).toEqual(all.map((_, i) => `message ${i}`));
  const stranger = await bound();
  await new Promise((resolve) => stranger.send('plain', port, '127.0.0.1', resolve));
  expect(await Promise.all(all.map((each, i) => ask(each, `still ${i}`)))).toEqual(all.map((_, i) => `still ${i}`));
  expect(own).toEqual(['plain']);
  // Either may go and leave the other.
  await Promise.all(outward.map((each) => each.close()));
  await endpoint.close();
  expect(await ask(inward[0], 'the last one')).toBe('the last one');
});
