import { describe, expect, test } from '@jest/globals';
import { createServer, type DtlsAssociation, type DtlsServer } from '../../lib';
import { reported, runScript } from '../support/child';
import { rejected } from '../support/errors';
import { ask, echoServer, open } from '../support/loopback';
import { closeLater, key } from '../support/pair';

const native = process.platform === 'linux';
if (!native) console.log('The tests of SO_REUSEPORT are skipped: how it spreads datagrams is a matter of Linux.');

/** So many that one round moves some of them all but certainly; if not, there is another. */
const CLIENTS_PER_ROUND = 16;

const options = { cookieSecret: Buffer.alloc(32, 7) };

/** What the strays of a group came to. */
interface Moved {
  injected: number;
}

/** Servers on one port; each gets what another receives for it. */
function exchangeStrays(servers: Set<DtlsServer>, server: DtlsServer, moved: Moved): void {
  servers.add(server);
  server.on('stray', (datagram, from) => {
    for (const other of servers) if (other !== server && other.inject(datagram, from)) moved.injected++;
  });
}

/** Adds clients of the port, for as long as they are open. */
async function join(port: number, clients: Set<DtlsAssociation>): Promise<void> {
  for (const client of await Promise.all(Array.from({ length: CLIENTS_PER_ROUND }, () => open(port)))) {
    clients.add(client);
    client.on('close', () => clients.delete(client));
  }
}

async function echoes(clients: Set<DtlsAssociation>): Promise<void> {
  const texts = [...clients].map((_, i) => `message ${i}`);
  expect(await Promise.all([...clients].map((client, i) => ask(client, texts[i] as string)))).toEqual(texts);
}

const associationsOf = (servers: Iterable<DtlsServer>): number =>
  [...servers].reduce((sum, { associations }) => sum + associations.size, 0);

(native ? describe : describe.skip)('servers that share a port by reusePort', () => {
  test('share the clients, each of whom keeps to one server', async () => {
    const first = await echoServer(options, { reusePort: true });
    const second = await echoServer(options, { reusePort: true, port: first.port });
    const servers = [first.server, second.server];
    const clients = new Set<DtlsAssociation>();
    // The kernel chooses by a hash of the addresses.
    do await join(first.port, clients);
    while (servers.some(({ associations }) => associations.size === 0));
    await echoes(clients);
    expect(associationsOf(servers)).toBe(clients.size);
    for (const { stats } of servers) expect(stats.handshakesStarted).toBe(stats.handshakesCompleted);
  });

  test('serve every client when the kernel moves it, because they exchange their strays', async () => {
    const moved: Moved = { injected: 0 };
    const servers = new Set<DtlsServer>();
    const listen = async (port: number) => {
      const one = await echoServer(options, { reusePort: true, port });
      exchangeStrays(servers, one.server, moved);
      return one;
    };
    const { port } = await listen(0);
    await listen(port);
    const clients = new Set<DtlsAssociation>();
    do {
      const third = await listen(port);
      await join(port, clients);
      await echoes(clients);
      servers.delete(third.server);
      await third.server.close();
      // Its clients hear of it.
      const left = associationsOf(servers);
      while (clients.size > left) await Promise.race([...clients].map(({ closed }) => closed));
      moved.injected = 0;
      await echoes(clients);
    } while (moved.injected === 0);
    expect(associationsOf(servers)).toBe(clients.size);
  });

  test('must all ask for it', async () => {
    const { port } = await echoServer();
    const server = closeLater(createServer({ psk: { alice: key } }));
    const error = await rejected(server.listen({ port, address: '127.0.0.1', reusePort: true }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_SOCKET', cause: { code: 'EADDRINUSE' } });
  });
});

/** A server of a worker thread, which sends back what it gets and who it is. */
const worker = `
const { parentPort, workerData } = require('node:worker_threads');
const { createServer } = require(process.cwd());
const key = Buffer.from('1a2b3c4d5e6f', 'hex');
const server = createServer({ psk: { alice: key }, cookieSecret: workerData.cookieSecret }, (peer) => {
  peer.on('message', (data) => peer.send(data));
});
let injected = 0;
server.on('stray', (datagram, from) => parentPort.postMessage({ datagram, from }));
parentPort.on('message', async ({ datagram, from, close }) => {
  if (close) {
    await server.close();
    parentPort.close();
  } else if (datagram === undefined) {
    parentPort.postMessage({ injected, open: server.associations.size });
  } else if (server.inject(datagram, from)) {
    injected++;
  }
});
server.listen({ port: workerData.port, address: '127.0.0.1', reusePort: true }).then(() => {
  parentPort.postMessage({ port: server.address().port });
});
`;

const main = `
const { Worker } = require('node:worker_threads');
const workers = new Set();
const cookieSecret = Buffer.alloc(32, 7);

/** The next message of a worker that is no stray. */
function answer(worker) {
  return new Promise((resolve) => {
    worker.on('message', function listener(message) {
      if (message.datagram !== undefined) return;
      worker.off('message', listener);
      resolve(message);
    });
  });
}

async function start(port) {
  const worker = new Worker(${JSON.stringify(worker)}, { eval: true, workerData: { port, cookieSecret } });
  worker.on('error', (error) => {
    throw error;
  });
  const listening = answer(worker);
  worker.on('message', (message) => {
    if (message.datagram === undefined) return;
    for (const other of workers) if (other !== worker) other.postMessage(message);
  });
  workers.add(worker);
  return { worker, port: (await listening).port };
}

async function ask(client, text) {
  const answered = once(client, 'message');
  client.send(text);
  const [data] = await answered;
  if (data.toString() !== text) throw new Error('a wrong echo');
}

async function state() {
  const states = await Promise.all([...workers].map((worker) => {
    const told = answer(worker);
    worker.postMessage({});
    return told;
  }));
  const sum = (name) => states.reduce((total, each) => total + each[name], 0);
  return { injected: sum('injected'), open: sum('open') };
}
`;

(native ? test : test.skip)('worker threads on one port serve every client when one of them goes', async () => {
  const outcome = await runScript(`${main}
    const { port } = await start(0);
    await start(port);
    const clients = new Set();
    let moved = 0;
    do {
      const third = await start(port);
      const opened = Array.from({ length: ${CLIENTS_PER_ROUND} }, () => connect({ host: '127.0.0.1', port, psk }));
      for (const client of await Promise.all(opened)) {
        clients.add(client);
        client.on('close', () => clients.delete(client));
      }
      await Promise.all([...clients].map((client) => ask(client, 'with three workers')));
      const exited = once(third.worker, 'exit');
      if ((await state()).open !== clients.size) throw new Error('the workers do not know the clients');
      third.worker.postMessage({ close: true });
      await exited;
      workers.delete(third.worker);
      // Those of the worker that went hear its close_notify; they are as many as the others do not know.
      const { open, injected } = await state();
      while (clients.size > open) await Promise.race([...clients].map(({ closed }) => closed));
      await Promise.all([...clients].map((client) => ask(client, 'with two workers')));
      moved = (await state()).injected - injected;
    } while (moved === 0);
    report(clients.size === (await state()).open);
    await Promise.all([...clients].map((client) => client.close()));
    for (const worker of workers) worker.postMessage({ close: true });
    report('served');`);
  expect(reported(outcome)).toEqual([true, 'served']);
  expect(outcome.code).toBe(0);
});
