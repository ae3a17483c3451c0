import { type ChildProcess, fork } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { DtlsAssociation, type ServerOptions } from '../../lib';
import { deferred } from '../../lib/association/deferred';
import { ClientProcess } from '../support/client-process';
import { rejected } from '../support/errors';
import { ask, echoServer, open } from '../support/loopback';
import { closeLater, key, messages, psk } from '../support/pair';
import { ECHO_SERVER, ServerProcess } from '../support/server-process';
import { SUSPEND_MS, suspend } from '../support/suspend';

const TIMEOUT_MS = SUSPEND_MS + 20_000;
/** Deadlines that pass while a process is suspended, and that do not. */
const SHORT = SUSPEND_MS / 2;
const LONG = 2 * SUSPEND_MS;

async function serverProcess(options: Partial<ServerOptions> = {}) {
  const child: ChildProcess = fork(ECHO_SERVER, { serialization: 'advanced' });
  const server = new ServerProcess(child);
  return { child, server, port: await server.listen(options, { port: 0 }) };
}

// Where there is no /proc to tell whether a process is suspended, or no such signal.
const onLinux = process.platform === 'linux' ? describe : describe.skip;
if (process.platform !== 'linux') console.log('Skipped: whether a process is suspended is read from /proc.');

onLinux('a client process that was suspended', () => {
  /** A client that is suspended while its server looks for the key, and whose last flight comes meanwhile. */
  async function suspendedInHandshake(handshakeTimeout: number): Promise<ClientProcess> {
    const asked = deferred<void>();
    const answer = deferred<Uint8Array>();
    const { server, port } = await echoServer({
      psk: {},
      pskCallback: () => {
        asked.resolve();
        return answer.promise;
      },
    });
    const client = await ClientProcess.start(port, { handshakeTimeout });
    await asked.promise;
    const connected = once(client, 'secureConnect');
    await suspend(client.child, async () => {
      const accepted = once(server, 'secureConnection');
      answer.resolve(key);
      await accepted;
    });
    await connected;
    return client;
  }

  test.each([
    ['before', LONG],
    ['behind', SHORT],
  ])(
    'completes with the answer that waits, %s its deadline, without a burst',
    async (_when, handshakeTimeout) => {
      const client = await suspendedInHandshake(handshakeTimeout);
      const { state, handshake } = await client.status();
      expect(state).toBe('open');
      // Before it reads, OpenSSL repeats what it thinks is overdue.
      expect(handshake?.retransmits).toBeLessThanOrEqual(1);
    },
    TIMEOUT_MS,
  );

  test(
    'fails by its deadline when nobody answered, without a burst',
    async () => {
      const silent = dgram.createSocket('udp4');
      closeLater({ close: async () => silent.close() });
      let hellos = 0;
      silent.on('message', () => hellos++);
      silent.bind(0, '127.0.0.1');
      await once(silent, 'listening');
      const options = { handshakeTimeout: SHORT, retransmit: { initial: SHORT / 8 } };
      const client = await ClientProcess.start(silent.address().port, options);
      if (hellos === 0) await once(silent, 'message');
      const failed = once(client, 'failed');
      await suspend(client.child);
      const before = hellos;
      expect(await failed).toEqual(['ERR_DTLS_HANDSHAKE_TIMEOUT']);
      await client.status();
      expect(hellos).toBe(before);
    },
    TIMEOUT_MS,
  );

  test(
    'has the messages that came meanwhile, and goes on',
    async () => {
      const { server, port } = await echoServer();
      const accepted = once(server, 'secureConnection') as Promise<[DtlsAssociation]>;
      const client = await ClientProcess.open(port);
      const [peer] = await accepted;
      const heard: string[] = [];
      client.on('message', (text) => heard.push(text));
      await suspend(client.child, () => {
        for (const text of ['one', 'two', 'three']) peer.send(text);
      });
      const echoed = once(client, 'message');
      await client.send('four');
      await echoed;
      while (heard.length < 4) await once(client, 'message');
      expect(heard).toEqual(['one', 'two', 'three', 'four']);
      expect(server.associations.size).toBe(1);
    },
    TIMEOUT_MS,
  );

  test(
    'does not take its own absence for the silence of a server that has answered its keep-alive',
    async () => {
      const { server, port } = await echoServer();
      server.removeAllListeners('secureConnection');
      const kept = deferred<DtlsAssociation>();
      server.on('secureConnection', (peer) => peer.once('message', () => kept.resolve(peer)));
      const keepAlive = { interval: SUSPEND_MS / 4, message: 'are you there?', maxUnanswered: 1 };
      const client = await ClientProcess.open(port, { keepAlive });
      const peer = await kept.promise;
      const asked = messages(peer, 1);
      await suspend(client.child, () => peer.send('yes'));
      expect(await asked).toEqual(['are you there?']);
      expect((await client.status()).state).toBe('open');
    },
    TIMEOUT_MS,
  );

  test(
    'comes back to a server that let it go meanwhile',
    async () => {
      const { server, port } = await echoServer({ idleTimeout: SHORT });
      const client = await ClientProcess.open(port, { reconnect: { initialDelay: 50 } });
      const back = Promise.all([once(server, 'secureConnection'), once(client, 'secureConnect')]);
      await suspend(client.child);
      await back;
      expect(server.stats).toMatchObject({ expired: 1, handshakesCompleted: 2 });
      expect((await client.status()).stats.reconnects).toBe(1);
    },
    TIMEOUT_MS,
  );
});

onLinux('a server process that was suspended', () => {
  test(
    'completes the handshake of a client that waits, once',
    async () => {
      const { child, server, port } = await serverProcess();
      const asked = deferred<void>();
      const answer = deferred<{ identity: string; psk: Uint8Array }>();
      const client = closeLater(
        new DtlsAssociation({
          host: '127.0.0.1',
          port,
          handshakeTimeout: LONG,
          retransmit: { initial: SUSPEND_MS / 5 },
          pskCallback: () => {
            asked.resolve();
            return answer.promise;
          },
        }),
      ).startHandshake();
      await asked.promise;
      await suspend(child, () => answer.resolve({ identity: psk.identity, psk: key }));
      await client.opened;
      expect(await ask(client, 'hello')).toBe('hello');
      expect(await server.stats()).toMatchObject({ handshakesStarted: 1, handshakesCompleted: 1, associations: 1 });
      // Its last flight once more for each time that the client's was repeated.
      const { retransmits, datagramsReceived } = client.stats;
      expect(retransmits).toBeGreaterThan(0);
      expect(datagramsReceived).toBeLessThanOrEqual(4 + 2 * retransmits);
    },
    TIMEOUT_MS,
  );

  test(
    'serves others when a client has given up',
    async () => {
      const { child, server, port } = await serverProcess({ handshakeTimeout: SHORT });
      await suspend(child, async () => {
        const error = await rejected(open(port, { handshakeTimeout: SHORT, retransmit: { initial: SHORT / 8 } }));
        expect(error).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE_TIMEOUT' });
      });
      expect(await ask(await open(port), 'hello')).toBe('hello');
      expect((await server.stats()).associations).toBe(1);
    },
    TIMEOUT_MS,
  );

  test(
    'answers what was sent meanwhile, and does not take its own absence for the silence of its peers',
    async () => {
      const { child, server, port } = await serverProcess({ idleTimeout: SUSPEND_MS });
      const client = await open(port);
      const echoes = messages(client, 3);
      await suspend(child, () => {
        for (const text of ['one', 'two', 'three']) client.send(text);
      });
      expect(await echoes).toEqual(['one', 'two', 'three']);
      expect(await server.stats()).toMatchObject({ expired: 0, associations: 1 });
    },
    TIMEOUT_MS,
  );

  test(
    'has its client back that thought it dead',
    async () => {
      const { child, port } = await serverProcess();
      const client = await open(port, {
        handshakeTimeout: SHORT,
        keepAlive: { interval: SUSPEND_MS / 10, message: 'are you there?', maxUnanswered: 2 },
        reconnect: { initialDelay: 50, maxDelay: 100 },
      });
      const lost = once(client, 'disconnect');
      const back = once(client, 'secureConnect');
      await suspend(child, async () => {
        expect(await lost).toMatchObject([{ error: { code: 'ERR_DTLS_PEER_DEAD' } }]);
      });
      await back;
      expect(client.stats.reconnects).toBe(1);
      expect(client.state).toBe('open');
    },
    TIMEOUT_MS,
  );
});
