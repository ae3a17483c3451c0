'use strict';

// Calls every method of UDP sockets in every state with everything that it does not expect. Whatever is thrown is
// fine; the process must live to print its last line, and a socket must still work afterwards.
const binding = require('./addon.cjs');
const { ODD_VALUES, attempt, callCount } = require('./odd-values.cjs');
const { DEFAULTS, bound, know, send, take } = require('./udp.cjs');

/** @type {any} */
const { UdpSocket } = binding;
/** @param {() => any} make */
function attemptMethods(make) {
  for (const name of Object.getOwnPropertyNames(UdpSocket.prototype)) {
    if (name === 'constructor') continue;
    const socket = make();
    for (const self of ODD_VALUES) attempt(() => UdpSocket.prototype[name].call(self, 0, 0));
    for (const first of ODD_VALUES) {
      attempt(() => socket[name](first));
      for (const second of ODD_VALUES) {
        attempt(() => socket[name](first, second));
        attempt(() => socket[name](new Uint8Array(32), first, second, 0, 2));
        attempt(() => socket[name](new Uint8Array(32), 0, new Int32Array(8), first, second));
      }
    }
    socket.close();
  }
}

/** A socket with a short buffer, and one that makes single calls. */
const singly = () => bound(binding, { mmsg: false, gso: false, gro: false });
const started = () => {
  const socket = bound(binding);
  socket.start(() => {});
  return socket;
};
const closed = () => {
  const socket = started();
  socket.close();
  return socket;
};

for (const value of ODD_VALUES) {
  attempt(() => UdpSocket(value));
  attempt(() => new UdpSocket(value).close());
  for (const name of [...Object.keys(DEFAULTS), 'gso', 'gro', 'mmsg']) {
    const socket = new UdpSocket();
    attempt(() => socket.open(4, { ...DEFAULTS, [name]: value }));
    attempt(() => socket.bind('127.0.0.1', value));
    socket.close();
  }
}
for (const make of [() => new UdpSocket(), singly, () => bound(binding), started, closed]) attemptMethods(make);

const socket = bound(binding);
socket.start(() => {
  if (take(socket)[0]?.text !== 'alive') throw new Error('the addon is spoilt');
  socket.close();
  console.log(`${callCount()} calls survived`);
});
send(socket, know(socket, socket), 'alive');
