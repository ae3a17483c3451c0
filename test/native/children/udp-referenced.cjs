'use strict';

// Ends by itself: sockets that are not referenced keep no process alive, one that is does until it is closed.
const binding = require('./addon.cjs');
const { bound, know, send, take } = require('./udp.cjs');

// It fires only if something else keeps the process alive.
setTimeout(() => {
  console.log('a socket keeps the process alive');
  process.exit(1);
}, 2000).unref();

const before = bound(binding);
before.setReferenced(false);
before.start(() => {});

const after = bound(binding);
after.start(() => {});
after.setReferenced(false);

const kept = bound(binding);
kept.setReferenced(false);
kept.start(() => {
  console.log(take(kept)[0].text);
  kept.close();
});
kept.setReferenced(true);
send(before, know(before, kept), 'hello');
