'use strict';

// Terminates workers whose native UDP sockets are in the state that the argument names, again and again. The process
// must live to its last line, and no descriptor may be left open.
const { readdirSync } = require('node:fs');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const binding = require('./addon.cjs');
const { bound, know, send, take } = require('./udp.cjs');

// Where a busy worker is interrupted is a matter of chance.
const ROUNDS = process.argv[2] === 'busy' ? 30 : 5;

/** What a worker does; it says when it may be terminated. @type {Record<string, (report: () => void) => void>} */
const states = {
  // Termination comes at any place, native code and callbacks included.
  busy(report) {
    const [one, other] = [bound(binding), bound(binding)];
    for (const [from, to] of [
      [one, other],
      [other, one],
    ]) {
      const peer = know(from, to);
      from.start(() => {
        for (const { text } of take(from)) send(from, peer, text, text.slice(1));
      });
      send(from, peer, 'x'.repeat(8), 'y'.repeat(8));
    }
    report();
  },
  idle(report) {
    bound(binding).start(() => {});
    report();
  },
  'in the callback'(report) {
    const socket = bound(binding);
    socket.start(() => {
      report();
      for (;;);
    });
    send(socket, know(socket, socket), 'hello');
  },
  'closed in the callback'(report) {
    const socket = bound(binding);
    socket.start(() => {
      socket.close();
      report();
      for (;;);
    });
    send(socket, know(socket, socket), 'hello');
  },
  'writable again and again'(report) {
    const socket = bound(binding);
    socket.start(() => {});
    socket.awaitWritable(true);
    report();
  },
  'never started'(report) {
    const socket = bound(binding);
    setInterval(() => socket, 1000);
    report();
  },
  'just closed'(report) {
    const socket = bound(binding);
    socket.start(() => {});
    socket.close();
    report();
    for (;;);
  },
  'not referenced'(report) {
    const socket = bound(binding);
    socket.setReferenced(false);
    socket.start(() => {});
    setInterval(() => socket, 1000);
    report();
  },
};

const descriptors = () => readdirSync('/proc/self/fd').length;

/** @param {string} state */
async function terminateIn(state) {
  let before = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const worker = new Worker(__filename, { workerData: state });
    await new Promise((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', resolve);
    });
    await worker.terminate();
    // What the first worker of a process leaves open is Node's own.
    if (round === 0) before = descriptors();
  }
  if (descriptors() > before) throw new Error(`${descriptors() - before} descriptors were left open`);
  const socket = bound(binding);
  socket.start(() => {
    if (take(socket)[0]?.text !== 'hello') throw new Error('the addon is spoilt');
    socket.close();
    console.log('all workers terminated');
  });
  send(socket, know(socket, socket), 'hello');
}

if (isMainThread) {
  terminateIn(process.argv[2]);
} else {
  states[workerData](() => parentPort?.postMessage('running'));
}
