'use strict';

// What a callback throws is an uncaught exception, and the socket goes on.
const binding = require('./addon.cjs');
const { bound, know, send, take } = require('./udp.cjs');

const socket = bound(binding);
const peer = know(socket, socket);

process.on('uncaughtException', (error) => {
  console.log(`uncaught: ${error.message}`);
  send(socket, peer, 'second');
});

socket.start(() => {
  const [{ text }] = take(socket);
  // Promises and ticks of a callback run before the next event, as after any callback of Node.
  process.nextTick(() => console.log(`tick after ${text}`));
  Promise.resolve().then(() => console.log(`promise after ${text}`));
  if (text === 'first') throw new Error(text);
  socket.close();
});
send(socket, peer, 'first');
