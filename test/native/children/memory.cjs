'use strict';

// Prints by how many bytes the process has grown over 2,000 handshakes. Needs --expose-gc. With the argument
// "dropped" the sessions are left to the garbage collector, else they are destroyed.
const { setImmediate } = require('node:timers/promises');
const _binding = require('./addon.cjs');
const { Pair, send } = require('./pair.cjs');

const dropped = process.argv[2] === 'dropped';

/** @param {number} count */
async function handshakes(count) {
  for (let i = 0; i < count; i += 1) {
    const pair = new Pair().handshake();
    if (send(pair.client, pair.accepted, 'ping') !== 'ping') throw new Error('no handshake');
    if (!dropped) pair.destroy();
    if (i % 100 === 99) await settle();
  }
}

async function settle() {
  for (let turn = 0; turn < 3; turn += 1) {
    /** @type {() => void} */ (global.gc)();
    await setImmediate();
  }
}

async function main() {
  // The allocator's and the heap's own growth ends in here.
  await handshakes(1000);
  const before = process.memoryUsage().rss;
  await handshakes(2000);
  console.log(process.memoryUsage().rss - before);
}

main();
