'use strict';

// Loads the addon in four workers at once; each completes handshakes.
const { Worker, isMainThread } = require('node:worker_threads');

const _binding = require('./addon.cjs');
const { Pair, send } = require('./pair.cjs');

/** @param {number} count */
function handshakes(count) {
  for (let i = 0; i < count; i += 1) {
    const pair = new Pair().handshake();
    if (send(pair.client, pair.accepted, 'ping') !== 'ping') throw new Error('no handshake');
  }
}

if (isMainThread) {
  const workers = Array.from({ length: 4 }, () => new Worker(__filename));
  let running = workers.length;
  for (const worker of workers) {
    worker.on('error', (error) => {
      throw error;
    });
    worker.on('exit', (code) => {
      if (code !== 0) throw new Error(`a worker ended with ${code}`);
      running -= 1;
      if (running > 0) return;
      // The main thread's own sessions do not care.
      handshakes(10);
      console.log('all handshakes complete');
    });
  }
} else {
  handshakes(50);
}
