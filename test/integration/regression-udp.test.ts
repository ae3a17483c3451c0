import dgram from 'node:dgram';
import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, test } from '@jest/globals';
import { connect, createEndpoint, createServer } from '../../lib';
import { runScript } from '../support/child';
import { rejected } from '../support/errors';
import { ask, echoServer, open } from '../support/loopback';
import { closeLater, key, psk } from '../support/pair';
import { udpSocket } from '../support/udp';

/** The kernel refuses to send there. */
const broadcast = '255.255.255.255';
const kinds = ['native', 'dgram'] as const;

test('a listener that gives a datagram away to a worker takes no memory from the socket', async () => {
  const { port } = await echoServer();
  const [giver, other] = [await open(port), await open(port)];
  const { port1 } = new MessageChannel();
  const given = once(giver, 'serverResponse').then(([, datagram]) => {
    try {
      port1.postMessage(datagram, [(datagram as Uint8Array).buffer as ArrayBuffer]);
    } catch {
      // Refused by some versions of Node.js, copied by others.
    }
  });
  giver.send('mine');
  await given;
  port1.close();
  expect(await ask(other, 'hello')).toBe('hello');
});

describe('whoever awaited close() may end the process:', () => {
  test.each(kinds)('the close_notify of a client on a shared %s endpoint is out', async (udp) => {
    const { server, port } = await echoServer();
    const peer = once(server, 'secureConnection').then(([association]) => association.closed);
    const outcome = await runScript(`
      const endpoint = await createEndpoint({ udp: '${udp}' });
      const association = await connect({ host: '127.0.0.1', port: ${port}, psk, endpoint });
      await association.close();
      process.exit();`);
    expect(outcome.code).toBe(0);
    expect(await peer).toEqual({ reason: 'peer' });
  });
});

describe('an address that the kernel refuses', () => {
  test('is told at once by a shared endpoint too', async () => {
    const endpoint = closeLater(await createEndpoint({ udp: 'native' }));
    const error = await rejected(connect({ host: broadcast, port: 5684, psk, endpoint }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_SOCKET', cause: { code: 'EACCES' } });
  });

  test.each(kinds)("is told by a %s socket of one's own with the address in question", async (udp) => {
    const error = await rejected(connect({ host: broadcast, port: 5684, psk, udp }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_SOCKET', cause: { code: 'EACCES', syscall: 'connect' } });
    expect(error.message).toContain(`${broadcast}:5684`);
  });
});

test.each(kinds)('a local port that is taken is told by a %s socket, and nothing is thrown besides', async (udp) => {
  const taken = await udpSocket();
  const { port: localPort } = taken.address();
  const local = { localAddress: '127.0.0.1', localPort };
  const error = await rejected(connect({ host: '127.0.0.1', port: 5684, psk, udp, ...local }));
  expect(error).toMatchObject({ code: 'ERR_DTLS_SOCKET', cause: { code: 'EADDRINUSE' } });
});

describe("a user's socket that the user closes", () => {
  test('ends its server, whose close() resolves', async () => {
    const socket = dgram.createSocket('udp4');
    const server = closeLater(createServer({ psk: { alice: key } }));
    await server.listen({ socket });
    const failed = once(server, 'error');
    socket.close();
    expect(await failed).toEqual([expect.objectContaining({ code: 'ERR_DTLS_SOCKET' })]);
    await server.close();
  });
});

test('a closed endpoint has no address, and may be closed again', async () => {
  const endpoint = await createEndpoint();
  await Promise.all([endpoint.close(), endpoint.close()]);
  expect(() => endpoint.address()).toThrow(expect.objectContaining({ code: 'ERR_DTLS_STATE' }));
});
