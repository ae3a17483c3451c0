'use strict';

// Opens and closes associations in a worker, then their servers, and listens anew to be terminated while others are under
// way. The first message brings `count`, how many; `reports`, how often to tell the state meanwhile; and `cert`, `key`
// and `ca` of the server. Needs --expose-gc.
const { once } = require('node:events');
const { readdirSync } = require('node:fs');
const { setImmediate, setTimeout: sleep } = require('node:timers/promises');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { connect, createServer } = require('dtls-association');
const { Network } = require('dtls-association/testing');
const { SESSION_TIMEOUT_S, fates, key, slow, start, turns } = require('./soak-fates.cjs');

const WAVE = 50;
/** One wave of so many goes over sockets. */
const SOCKETS_OF_WAVES = 20;

// Else each report asks for the names of the addresses of all sockets.
Object.assign(/** @type {object} */ (process.report), { excludeNetwork: true });

const descriptors = () => readdirSync('/proc/self/fd').length;
const timers = countTimers();

/**
 * Of this thread's loop, those of the addon included, which process.getActiveResourcesInfo() does not know. All timers of
 * JavaScript share one, others are V8's; an idle handle is setImmediate()'s.
 */
function handles() {
  const report = /** @type {NodeJS.ProcessReport} */ (process.report).getReport();
  const { libuv } = /** @type {{ libuv: Array<{ type: string }> }} */ (report);
  return libuv.filter(({ type }) => !['loop', 'timer', 'idle'].includes(type)).length;
}

/** Those that run, be they unref'd or not. @returns {Set<NodeJS.Timeout>} */
function countTimers() {
  const running = new Set();
  const { clearInterval, clearTimeout, setInterval, setTimeout } = globalThis;
  const own = {
    setTimeout(callback, ms, ...args) {
      const timer = setTimeout(() => {
        running.delete(timer);
        callback(...args);
      }, ms);
      running.add(timer);
      return timer;
    },
    setInterval(callback, ms, ...args) {
      const timer = setInterval(callback, ms, ...args);
      running.add(timer);
      return timer;
    },
    clearTimeout(timer) {
      running.delete(timer);
      clearTimeout(timer);
    },
    clearInterval(timer) {
      running.delete(timer);
      clearInterval(timer);
    },
  };
  Object.assign(globalThis, own);
  return running;
}

async function collectGarbage() {
  // Finalizers run in a later turn, and free what the next collection finds. A handle is gone two turns after its close.
  for (let i = 0; i < 3; i += 1) {
    /** @type {() => void} */ (global.gc)();
    await setImmediate();
  }
}

/** What this thread has, or the process, that is no memory. */
async function held() {
  await collectGarbage();
  return { descriptors: descriptors(), handles: handles(), timers: timers.size };
}

/** Two servers and their clients: over a network without sockets, and over loopback. */
class Soak {
  /** Associations that are not collected yet. */
  alive = 0;
  /** What takes its time, while others go on. @type {Promise<unknown>[]} */
  slow = [];
  network = new Network({ virtualTime: false });

  constructor() {
    const registry = new FinalizationRegistry(() => {
      this.alive -= 1;
    });
    /** @param {object} association */
    const watch = (association) => {
      this.alive += 1;
      registry.register(association, undefined);
    };
    const { cert, key: privateKey, ca } = workerData;
    const options = {
      psk: { alice: key },
      cert,
      key: privateKey,
      sessionTimeout: SESSION_TIMEOUT_S,
      idleTimeout: 1000,
      // In which a wrong key shows itself, however busy the machine.
      handshakeTimeout: 5000,
    };
    this.servers = [0, 1].map(() =>
      createServer(options, (peer) => {
        watch(peer);
        peer.on('message', (data) => (data.toString() === 'close' ? peer.close() : peer.send(data)));
      }),
    );
    let clients = 0;
    const viaNetwork = () => {
      const n = clients++;
      const address = { address: `10.0.${(n >> 8) & 0xff}.${n & 0xff}`, port: 50_000, family: 'IPv4' };
      return { transport: this.network.client(address) };
    };
    const viaSocket = () => ({ host: '127.0.0.1', port: this.servers[1].address().port });
    this.worlds = [viaNetwork, viaSocket].map((way) => ({ way, ca, watch }));
  }

  async listen() {
    const [first, second] = this.servers;
    await first.listen({ transport: this.network.server });
    await second.listen({ port: 0, address: '127.0.0.1' });
    return this;
  }

  async close() {
    await Promise.all(this.servers.map((server) => server.close()));
  }

  /** @param {number} n */
  async wave(n) {
    const world = this.worlds[n % SOCKETS_OF_WAVES === 0 ? 1 : 0];
    const running = [];
    for (let i = 0; i < WAVE; i += 1) {
      const turn = turns[(n * WAVE + i) % turns.length];
      (slow.has(turn) ? this.slow : running).push(fates[turn](world));
    }
    await Promise.all(running);
    // The network remembers every datagram.
    for (const { sent } of [this.network.toServer, this.network.toClient]) sent.length = 0;
  }

  /** When everything is over on both sides. */
  async state() {
    await Promise.all(this.slow.splice(0));
    while (this.servers.some(({ handshakes, associations }) => handshakes + associations.size > 0)) await sleep(10);
    const rest = await held();
    const { heapUsed, heapTotal, external, arrayBuffers, rss } = process.memoryUsage();
    return { ...rest, alive: this.alive, heapUsed, heapTotal, native: external - arrayBuffers, rss };
  }

  /** Handshakes that wait for an answer, open associations, and handshakes without end. */
  async beInTheMiddle() {
    for (const world of this.worlds) {
      for (let i = 0; i < 20; i += 1) await start(world).opened;
    }
    this.network.toClient.hold();
    for (let i = 0; i < 20; i += 1) start(this.worlds[0]);
    await this.network.quiet();
    parentPort?.postMessage('in the middle');
    for (;;) await this.wave(0);
  }
}

async function work() {
  /** @param {object} message */
  const tell = (message) => parentPort?.postMessage(message);
  tell({ before: await held() });
  const soak = await new Soak().listen();
  const waves = workerData.count / WAVE;
  const interval = waves / workerData.reports;
  for (let n = 0; n <= waves; n += 1) {
    if (n > 0) await soak.wave(n);
    if (n % interval === 0) tell({ state: { opened: n * WAVE, ...(await soak.state()) } });
  }
  await soak.close();
  tell({ closed: await held() });
  const anew = await new Soak().listen();
  await anew.beInTheMiddle();
}

async function main() {
  const [data] = await once(process, 'message');
  // What the first use of everything leaves open is no leak.
  await meet();
  await once(new Worker('', { eval: true }), 'exit');
  const before = await held();
  const worker = new Worker(__filename, { workerData: data });
  const exited = once(worker, 'exit');
  worker.on('message', (message) => {
    if (message === 'in the middle') worker.terminate();
    else process.send?.(message);
  });
  await exited;
  await meet();
  const after = await held();
  process.send?.({
    end: {
      descriptors: after.descriptors - before.descriptors,
      handles: after.handles - before.handles,
      rss: process.memoryUsage.rss(),
    },
  });
  process.disconnect();
}

/** The main thread's own. */
async function meet() {
  const server = createServer({ psk: { alice: key } });
  await server.listen({ port: 0, address: '127.0.0.1' });
  const association = await connect({
    host: '127.0.0.1',
    port: server.address().port,
    psk: { identity: 'alice', key },
  });
  await association.close();
  await server.close();
}

if (isMainThread) main();
else work();
