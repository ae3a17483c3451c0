import dgram from 'node:dgram';
import { describe, expect, jest, test } from '@jest/globals';
import { type ConnectOptions, createServer, DtlsAssociation } from '../../lib';
import { reported, runScript } from '../support/child';
import { rejected } from '../support/errors';
import { Link } from '../support/link';
import { ask, echoServer, open } from '../support/loopback';
import { client, closeLater, key, psk, quick } from '../support/pair';
import { both, lookupOf, ownPort, refusingPort, secondAddress, udpSocket } from '../support/udp';

/** The kernel refuses to connect a socket to it. */
const broadcast = '255.255.255.255';

test('a datagram from port 0, to which nobody can reply, is ignored, and the server closes as ever', async () => {
  const createSocket = jest.spyOn(dgram, 'createSocket');
  const { server, port } = await echoServer({}, { udp: 'dgram' });
  const socket = createSocket.mock.results[0]?.value as dgram.Socket;
  createSocket.mockRestore();
  const link = new Link();
  client(link).startHandshake();
  await link.quiet();
  const hello = link.toServer.sent[0] as Buffer;
  const from = { address: '127.0.0.1', family: 'IPv4', size: hello.length } as const;
  socket.emit('message', hello, { ...from, port: 0 });
  expect(server.stats.cookiesSent).toBe(0);
  const stranger = await udpSocket();
  socket.emit('message', hello, { ...from, port: stranger.address().port });
  expect(server.stats.cookiesSent).toBe(1);
  expect(await ask(await open(port), 'hello')).toBe('hello');
  await server.close();
});

describe('an address that the kernel refuses', () => {
  test('is told by ERR_DTLS_SOCKET with the error of the system, and leaves nothing open', async () => {
    const outcome = await runScript(`
      const association = new DtlsAssociation({ host: '${broadcast}', port: 5684, psk });
      await association.startHandshake().opened.catch(({ code, cause }) => report([code, cause.syscall]));
      const { reason, error } = await association.closed;
      report([reason, error.code, association.state]);
      process.on('exit', () => report(process.getActiveResourcesInfo().filter((name) => /UDP|Timeout/.test(name))));`);
    expect(reported(outcome)).toEqual([['ERR_DTLS_SOCKET', 'connect'], ['error', 'ERR_DTLS_SOCKET', 'closed'], []]);
    expect(outcome.code).toBe(0);
  });

  test('gives way to the next one of the host', async () => {
    const { port } = await echoServer();
    const association = await open(port, { host: 'dtls.example', lookup: lookupOf(broadcast, '127.0.0.1') });
    expect(await ask(association, 'hello')).toBe('hello');
  });
});

describe('a client that is ended by a listener while it connects', () => {
  const enough = new Error('enough');
  const ends: Record<string, (association: DtlsAssociation, controller: AbortController) => void> = {
    close: (association) => void association.close(),
    destroy: (association) => association.destroy(),
    'destroy with an error': (association) => association.destroy(enough),
    abort: (_association, controller) => controller.abort(),
  };
  const outcomes: Record<string, [closed: object, rejection: object]> = {
    close: [{ reason: 'local' }, { code: 'ERR_DTLS_CLOSED' }],
    destroy: [{ reason: 'local' }, { code: 'ERR_DTLS_CLOSED' }],
    'destroy with an error': [{ reason: 'error', error: enough }, enough],
    abort: [{ reason: 'error', error: expect.objectContaining({ code: 'ABORT_ERR' }) }, { code: 'ABORT_ERR' }],
  };
  // Of a host whose first address refuses: what the n-th of each event tells.
  const moments = [
    ['lookup', 1],
    ['lookup', 2],
    ['infoMessage', 1],
    ['infoMessage', 2],
    ['infoMessage', 3],
    ['infoMessage', 4],
    ['infoMessage', 5],
  ] as const;

  describe.each(Object.keys(ends))('by %s', (verb) => {
    test.each(moments)('in %s number %i: it is closed, and begins nothing any more', async (event, number) => {
      const port = await refusingPort();
      const { server } = await echoServer({}, { address: secondAddress, port });
      const controller = new AbortController();
      const association = closeLater(new DtlsAssociation({ port, psk, signal: controller.signal, ...both }));
      const after: string[] = [];
      for (const name of ['lookup', 'infoMessage', 'secureConnect'] as const) {
        association.on(name, () => association.state.startsWith('clos') && after.push(name));
      }
      let calls = 0;
      association.on(event, () => {
        if (++calls === number) ends[verb]?.(association, controller);
      });
      const failure = association.startHandshake().opened.catch((error) => error);
      const [closed, rejection] = outcomes[verb] as [object, object];
      expect(await association.closed).toEqual(closed);
      expect(await failure).toMatchObject(rejection);
      // Long enough for a handshake: whatever had gone on would have been seen.
      await ask(await open(port, { host: secondAddress }), 'hello');
      expect(server.stats).toMatchObject({ handshakesStarted: 1, handshakesCompleted: 1 });
      expect(calls).toBe(number);
      expect(after).toEqual([]);
      expect(association.state).toBe('closed');
    });
  });
});

describe('localPort is kept when a client moves on to the second address of a host', () => {
  async function moves(port: number, options: Partial<ConnectOptions>): Promise<void> {
    const { server } = await echoServer({}, { address: secondAddress, port });
    const localPort = ownPort();
    const association = await open(port, { ...both, ...options, localPort });
    expect(await ask(association, 'hello')).toBe('hello');
    expect([...server.associations].map((peer) => peer.remote.port)).toEqual([localPort]);
  }

  test('because the first one refuses', async () => moves(await refusingPort(), {}));

  test('because the first one is silent', async () => moves((await udpSocket()).address().port, quick));
});

test('a server that could not be bound listens elsewhere afterwards', async () => {
  const taken = await udpSocket();
  const { port } = taken.address();
  const server = closeLater(createServer({ psk: { alice: key } }));
  server.on('secureConnection', (peer) => peer.on('message', (data) => peer.send(data)));
  for (let i = 0; i < 3; i++) {
    const error = await rejected(server.listen({ port, address: '127.0.0.1' }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_SOCKET', cause: { code: 'EADDRINUSE' } });
  }
  await server.listen({ port: 0, address: '127.0.0.1' });
  expect(await ask(await open(server.address().port), 'hello')).toBe('hello');
});

describe('a process ends by itself', () => {
  test("after a user's transport threw while a flight was sent again", async () => {
    const outcome = await runScript(`
      let sends = 0;
      const transport = {
        remote: undefined,
        open: (receiver) => setImmediate(() => receiver.opened()),
        send: () => {
          if (sends++ > 0) throw new Error('the cable is cut');
          return true;
        },
        close() {}, ref() {}, unref() {},
      };
      const options = { transport, psk, retransmit: { initial: 20 } };
      await connect(options).catch(({ code, cause }) => report([code, cause.message]));
      process.on('exit', () => report(process.getActiveResourcesInfo().filter((name) => /Timeout/.test(name))));`);
    expect(reported(outcome)).toEqual([['ERR_DTLS_SOCKET', 'the cable is cut'], []]);
    expect(outcome.code).toBe(0);
  });

  test('when a server is not referenced, though a handshake with it stands still', async () => {
    const outcome = await runScript(`
      const server = await echo();
      // Asked for its key when the server waits for it: there the client stops.
      const pskCallback = () => association.destroy();
      const association = new DtlsAssociation({ host: '127.0.0.1', port: server.address().port, pskCallback });
      await association.startHandshake().closed;
      server.unref();
      const { handshakesStarted, handshakesCompleted, handshakesFailed } = server.stats;
      report([handshakesStarted, handshakesCompleted, handshakesFailed]);`);
    expect(reported(outcome)).toEqual([[1, 0, 0]]);
    expect(outcome.code).toBe(0);
  });

  test.each([
    ['before the start', 'unref().startHandshake()'],
    ['after the start', 'startHandshake().unref()'],
  ])('when an association is not referenced, from %s, though the resolver does not answer', async (_, calls) => {
    const outcome = await runScript(`
      const association = new DtlsAssociation({ host: 'dtls.example', port: 1, psk, lookup: () => {} });
      association.${calls};
      report(association.state);`);
    expect(reported(outcome)).toEqual(['connecting']);
    expect(outcome.code).toBe(0);
  });
});

test('a process goes on while the resolver is asked, when ref was called after unref', async () => {
  const outcome = await runScript(`
    const options = { host: 'dtls.example', port: 1, psk, lookup: () => {}, handshakeTimeout: 50 };
    const association = new DtlsAssociation(options).startHandshake().unref().ref();
    await association.opened.catch(({ code }) => report(code));`);
  expect(reported(outcome)).toEqual(['ERR_DTLS_LOOKUP']);
  expect(outcome.code).toBe(0);
});

describe('an error after `await connect()` ends the process when nobody can hear of it:', () => {
  test('an abort', async () => {
    const { code, stderr } = await runScript(`
      const controller = new AbortController();
      await open(await echo(), { signal: controller.signal });
      controller.abort();`);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/ABORT_ERR/);
  });

  test('but not when an iterator reads', async () => {
    const outcome = await runScript(`
      const server = await echo();
      const association = await open(server);
      const next = association[Symbol.asyncIterator]().next();
      association.destroy(new Error('enough of this'));
      await next.catch(({ message }) => report(message));
      await server.close();`);
    expect(reported(outcome)).toEqual(['enough of this']);
    expect(outcome.code).toBe(0);
  });
});
