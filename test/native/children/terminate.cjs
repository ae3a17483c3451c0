'use strict';

// Terminates workers in the state that the argument names, again and again. The process must live to its last line.
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const binding = require('./addon.cjs');
const { KEY, Pair } = require('./pair.cjs');

// Where a handshake is interrupted is a matter of chance.
const ROUNDS = process.argv[2] === 'handshakes' ? 40 : 5;

/** What a worker does after it has said that it runs. @type {Record<string, (report: () => void) => void>} */
const states = {
  // Termination comes at any place of a handshake, native code and callbacks included.
  handshakes(report) {
    report();
    for (;;) {
      const pair = new Pair(binding, { client: { psk: undefined }, server: { pskTable: [] } });
      pair.client.onPsk = () => ({ identity: Buffer.from('alice'), key: KEY });
      pair.onServer = (session) => {
        session.onPsk = () => KEY;
      };
      pair.handshake();
      pair.destroy();
    }
  },
  'server callback'(report) {
    const pair = new Pair(binding, { server: { pskTable: [] } });
    pair.onServer = (session) => {
      session.onPsk = () => {
        report();
        for (;;);
      };
    };
    pair.handshake();
  },
  'client callback'(report) {
    const pair = new Pair(binding, { client: { psk: undefined } });
    pair.client.onPsk = () => {
      report();
      for (;;);
    };
    pair.handshake();
  },
  'destroyed in the callback'(report) {
    const pair = new Pair(binding, { server: { pskTable: [] } });
    pair.onServer = (session) => {
      session.onPsk = () => {
        session.destroy();
        report();
        for (;;);
      };
    };
    pair.handshake();
  },
  'live sessions'(report) {
    const pairs = Array.from({ length: 10 }, () => new Pair(binding).handshake());
    pairs.push(new Pair(binding));
    setInterval(() => pairs, 1000);
    report();
  },
  'a thrown value that nobody took'(report) {
    const pair = new Pair(binding, { server: { pskTable: [] } });
    pair.onServer = (session) => {
      session.onPsk = () => {
        throw pair;
      };
    };
    pair.handshake();
    setInterval(() => pair, 1000);
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
  if (!new Pair(binding).handshake().established) throw new Error('the addon is spoilt');
  console.log('all workers terminated');
}

if (isMainThread) {
  terminateIn(process.argv[2]);
} else {
  states[workerData](() => parentPort?.postMessage('running'));
}
