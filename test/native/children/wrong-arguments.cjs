'use strict';

// Calls everything that the addon exports with everything that it does not expect. Whatever is thrown is fine; the
// process must live to print its last line, and a pair must still work afterwards.
const binding = require('./addon.cjs');
const { ADDRESS, Pair, SESSION_OPTIONS, createContext, send } = require('./pair.cjs');

const detached = new Uint8Array(new ArrayBuffer(16));
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
  Number.NaN,
  2 ** 53,
  10n,
  'text',
  Symbol('symbol'),
  () => undefined,
  {},
  [],
  [[1], null],
  new Uint8Array(0),
  new Uint8Array(32),
  new Uint16Array(32),
  new Float64Array(4),
  new BigInt64Array(4),
  new DataView(new ArrayBuffer(32)),
  new ArrayBuffer(32),
  new Uint8Array(new SharedArrayBuffer(32)),
  detached,
  Object.create(null),
  Object.create(binding.Context.prototype),
  throwing,
  Promise.resolve(),
];
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

/** @param {(...values: any[]) => unknown} call */
function attemptWithAll(call) {
  attempt(() => call());
  for (const first of VALUES) {
    attempt(() => call(first));
    for (const second of VALUES) attempt(() => call(first, second));
  }
}

/** @param {object} object */
const methodsOf = (object) =>
  Object.getOwnPropertyNames(Object.getPrototypeOf(object)).filter((name) => name !== 'constructor');

/** @param {any} object */
function attemptMethods(object) {
  for (const name of methodsOf(object)) {
    if (name === 'destroy') continue;
    attemptWithAll((...values) => object[name](...values));
    for (const self of VALUES) attempt(() => object[name].call(self, new Uint8Array(32), new Uint8Array(32), 0));
  }
}

/** @type {any} */
const untyped = binding;
attemptWithAll((...values) => untyped.versions(...values));
for (const name of ['Context', 'Session', 'Listener']) {
  attemptWithAll((...values) => new untyped[name](...values));
  attemptWithAll((...values) => untyped[name](...values));
}

const context = createContext(binding);
const contextOptions = { ciphers: 'PSK', keylog: false };
for (const value of VALUES) {
  for (const name of ['ciphers', 'pskIdentityHint', 'keylog', 'psk', 'pskTable']) {
    attempt(() => new untyped.Context({ ...contextOptions, [name]: value }));
  }
  attempt(() => new untyped.Context({ ...contextOptions, psk: { identity: value, key: value } }));
  attempt(() => new untyped.Context({ ...contextOptions, pskTable: [value] }));
  attempt(() => new untyped.Context({ ...contextOptions, pskTable: [[value, value]] }));
  for (const name of ['mtu', 'initialTimeoutMs', 'maxTimeoutMs']) {
    attempt(() => new untyped.Session(context, { ...SESSION_OPTIONS, [name]: value }));
    attempt(() => new untyped.Listener(context, { ...SESSION_OPTIONS, [name]: value }));
  }
  attempt(() => new untyped.Session(context, value).start());
  attempt(() => new untyped.Listener(context, value).accept(new Uint8Array(64), ADDRESS));
}

attemptMethods(context);
attemptMethods(new Pair(binding).client);
attemptMethods(new Pair(binding).listener);
const pair = new Pair(binding).handshake();
attemptMethods(pair.client);
attemptMethods(pair.accepted);
for (const object of [context, pair.client, pair.listener]) {
  for (const name of methodsOf(object)) {
    // A method of one class on an object of another.
    for (const self of [context, pair.client, pair.listener]) {
      attempt(() => /** @type {any} */ (object)[name].call(self, new Uint8Array(32), new Uint8Array(32), 0));
    }
  }
}

const fresh = new Pair(binding).handshake();
if (!fresh.established || send(fresh.client, fresh.accepted, 'alive') !== 'alive')
  throw new Error('the addon is spoilt');
console.log(`${calls} calls survived`);
