'use strict';

// Terminates workers in the state that the argument names, again and again. The process must live to its last line.
const { X509Certificate } = require('node:crypto');
const { rootCertificates } = require('node:tls');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const binding = require('./addon.cjs');
const { IDENTITY, KEY, Pair, createContext } = require('./pair.cjs');

// Where work is interrupted is a matter of chance.
const ROUNDS = process.argv[2] === 'live sessions' ? 5 : 40;

/** What a worker does after it has said that it runs. @type {Record<string, (report: () => void) => void>} */
const states = {
  // Termination comes at any place of a handshake.
  handshakes(report) {
    report();
    for (;;) {
      const pair = new Pair({ client: { psk: undefined }, server: { pskTable: [] } });
      pair.client.setPsk(IDENTITY, KEY);
      pair.onServer = (session) => session.setPsk(IDENTITY, KEY);
      pair.handshake();
      pair.destroy();
    }
  },
  credentials(report) {
    const roots = rootCertificates.map((pem) => new X509Certificate(pem).raw);
    report();
    for (;;) createContext().setTrust(new binding.TrustStore(roots, []), true);
  },
  'live sessions'(report) {
    const pairs = Array.from({ length: 10 }, () => new Pair().handshake());
    pairs.push(new Pair());
    setInterval(() => pairs, 1000);
    report();
  },
};

/** @param {string} state */
async function terminateIn(state) {
  for (let round = 0; round < ROUNDS; round += 1) {
    const worker = new Worker(__filename, { workerData: state });
    await new Promise((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', resolve);
    });
    await worker.terminate();
  }
  if (!new Pair().handshake().established) throw new Error('the addon is spoilt');
  console.log('all workers terminated');
}

if (isMainThread) {
  terminateIn(process.argv[2]);
} else {
  states[workerData](() => parentPort?.postMessage('running'));
}
