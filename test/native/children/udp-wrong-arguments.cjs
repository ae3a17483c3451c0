'use strict';

// Calls every method of UDP sockets in every state with everything that it does not expect. Whatever is thrown is
// fine; the process must live to print its last line, and a socket must still work afterwards.
const binding = require('./addon.cjs');
const { DEFAULTS, bound, know, send, take } = require('./udp.cjs');

const detached = new Int32Array(new ArrayBuffer(16));
structuredClone(detached.buffer, { transfer: [detached.buffer] });
const throwing = new Proxy(
  {},
  {
    get() {
      throw new Error('a getter');
    },
  },
);

const VALUES = [
  undefined,
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 32 - 1,
  10n,
  '127.0.0.1',
  'text',
  Symbol('symbol'),
  () => undefined,
  {},
  [],
  new Uint8Array(0),
  new Uint8Array(32),
  new Int32Array(0),
  new Int32Array(8).fill(-1),
  new Int32Array(8).fill(2 ** 31 - 1),
  new DataView(new ArrayBuffer(32)),
  new Uint8Array(new SharedArrayBuffer(32)),
  detached,
  throwing,
];

/** @type {any} */
const { UdpSocket } = binding;
let calls = 0;

/** @param {() => unknown} call */
function attempt(call) {
  calls += 1;
  try {
    call();
  } catch {
    // Any exception will do.
  }
}

/** @param {() => any} make */
function attemptMethods(make) {
  for (const name of Object.getOwnPropertyNames(UdpSocket.prototype)) {
    if (name === 'constructor') continue;
    const socket = make();
    for (const self of VALUES) attempt(() => UdpSocket.prototype[name].call(self, 0, 0));
    for (const first of VALUES) {
      attempt(() => socket[name](first));
      for (const second of VALUES) {
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

for (const value of VALUES) {
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
  console.log(`${calls} calls survived`);
});
send(socket, know(socket, socket), 'alive');
