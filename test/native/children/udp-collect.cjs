'use strict';

// Lets go of native UDP sockets and waits until each of them is collected and its descriptor closed. Needs
// --expose-gc.
const { readdirSync, readlinkSync } = require('node:fs');
const { setImmediate } = require('node:timers/promises');
const binding = require('./addon.cjs');
const { bound, know, send, take } = require('./udp.cjs');

/** @typedef {import('../../../binding').UdpSocket} UdpSocket */

let alive = 0;
const registry = new FinalizationRegistry(() => {
  alive -= 1;
});

/**
 * @param {UdpSocket} socket
 * @returns {UdpSocket}
 */
function watch(socket) {
  alive += 1;
  registry.register(socket, undefined);
  return socket;
}

function openSockets() {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      // The one that listed the folder.
      return false;
    }
  }).length;
}

const opened = () => watch(bound(binding));

/** @type {Record<string, () => void>} */
const lives = {
  'never opened'() {
    watch(new /** @type {any} */ (binding).UdpSocket());
  },
  'opened and forgotten': opened,
  'closed before it started'() {
    opened().close();
  },
  'started and closed'() {
    const socket = opened();
    socket.start(() => {});
    socket.close();
  },
  'closed, with a callback that refers to it'() {
    const socket = opened();
    socket.start(() => socket.close());
    socket.close();
  },
  'closed in its callback'() {
    const socket = opened();
    socket.start(() => socket.close());
    send(socket, know(socket, socket), 'hello');
  },
  'not referenced, and closed'() {
    const socket = opened();
    socket.setReferenced(false);
    socket.start(() => {});
    socket.awaitWritable(true);
    socket.close();
  },
};

async function collect() {
  // Finalizers run in turns of the event loop after a collection.
  for (let turn = 0; turn < 50 && alive > 0; turn += 1) {
    /** @type {() => void} */ (global.gc)();
    await setImmediate();
  }
}

/** Nothing but itself keeps a socket that has started; as long as it is open it is told what comes. */
async function staysAlive() {
  const sender = bound(binding);
  const told = new Promise((resolve) => {
    const socket = opened();
    const peer = know(sender, socket);
    socket.start(() => {
      resolve(take(socket));
      socket.close();
    });
    setImmediate()
      .then(collect)
      .then(() => send(sender, peer, 'hello'));
  });
  const [datagram] = await told;
  if (datagram.text !== 'hello') throw new Error('no datagram');
  sender.close();
  await collect();
  if (alive > 0) throw new Error('a socket lives on that was closed');
}

async function main() {
  const before = openSockets();
  for (const [name, live] of Object.entries(lives)) {
    for (let i = 0; i < 20; i += 1) live();
    await collect();
    if (alive > 0) throw new Error(`${alive} sockets live on: ${name}`);
    if (openSockets() !== before) throw new Error(`${openSockets() - before} descriptors are open: ${name}`);
  }
  await staysAlive();
  console.log('all collected');
}

main();
