'use strict';

const binding = require('./addon.cjs');

const detached = new Uint8Array(new ArrayBuffer(16));
structuredClone(detached.buffer, { transfer: [detached.buffer] });
const detachedIntegers = new Int32Array(new ArrayBuffer(16));
structuredClone(detachedIntegers.buffer, { transfer: [detachedIntegers.buffer] });
const throwing = new Proxy(
  {},
  {
    get() {
      throw new Error('a getter');
    },
  },
);

/** What no function of the addon expects, or not at each place. @type {any[]} */
const ODD_VALUES = [
  undefined,
  null,
  true,
  0,
  -1,
  1.5,
  Number.NaN,
  2 ** 32 - 1,
  2 ** 53,
  10n,
  'text',
  '127.0.0.1',
  Symbol('symbol'),
  () => undefined,
  {},
  [],
  [[1], null],
  [new Uint8Array(48), new Uint8Array(47)],
  new Uint8Array(0),
  new Uint8Array(32),
  new Uint16Array(32),
  new Int32Array(0),
  new Int32Array(8).fill(-1),
  new Int32Array(8).fill(2 ** 31 - 1),
  new Float64Array(4),
  new BigInt64Array(4),
  new DataView(new ArrayBuffer(32)),
  new ArrayBuffer(32),
  new Uint8Array(new SharedArrayBuffer(32)),
  detached,
  detachedIntegers,
  Object.create(null),
  Object.create(binding.Context.prototype),
  throwing,
  [throwing],
  Promise.resolve(),
];

let calls = 0;

/** Calls, whatever is thrown. @param {() => unknown} call */
function attempt(call) {
  calls += 1;
  try {
    call();
  } catch {
    // Any exception will do.
  }
}

const callCount = () => calls;

module.exports = { ODD_VALUES, attempt, callCount };
