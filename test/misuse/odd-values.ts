import { EventEmitter } from 'node:events';
import { createServer, DtlsAssociation, DtlsEndpoint, DtlsServer, PacketCapture, SecureContext } from '../../lib';

/** What an odd value throws itself. It passes through as it is: nobody else can tell what it means. */
export class OwnError extends Error {
  constructor() {
    super('thrown by the value itself');
  }
}

export function throwOwn(): never {
  throw new OwnError();
}

/** Looks like a secret: no error may show it. */
export const secretText = 'correct-horse-battery-staple-2718281828';
export const secretBytes = Buffer.from(secretText);

/** Throws whatever is done with it. */
function hostileProxy(): object {
  const traps = Object.getOwnPropertyNames(Reflect).filter((name) => name !== Symbol.toStringTag.toString());
  return new Proxy({}, Object.fromEntries(traps.map((trap) => [trap, throwOwn])));
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function detached(): Uint8Array {
  const bytes = new Uint8Array(48);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

/** Of ES2024, for which our declarations are too old. */
const ResizableBuffer = ArrayBuffer as unknown as new (
  size: number,
  options: { maxByteLength: number },
) => ArrayBuffer & { resize(size: number): void };

/** A view whose memory was taken away below it. */
function shrunk(): Uint8Array {
  const buffer = new ResizableBuffer(48, { maxByteLength: 96 });
  const bytes = new Uint8Array(buffer, 16, 32);
  buffer.resize(8);
  return bytes;
}

/** Has the prototype of a class, and nothing else of it. */
const impostor = (one: { prototype: object }): object => Object.create(one.prototype);

const wordless = (): object => ({ toString: throwOwn, valueOf: throwOwn, [Symbol.toPrimitive]: throwOwn });

/** Made anew for each use: some can be used up. */
const VALUES = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  false: () => false,
  zero: () => 0,
  '-1': () => -1,
  'one and a half': () => 1.5,
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  '2 ** 53': () => 2 ** 53,
  '1n': () => 1n,
  'a symbol': () => Symbol('odd'),
  'an empty string': () => '',
  x: () => 'x',
  'a string with NUL': () => 'a\0b',
  'a lone surrogate': () => '\ud800',
  'a secret string': () => secretText,
  'a huge string': () => 'x'.repeat(2 ** 20),
  'a boxed string': () => new String('x'),
  'a boxed number': () => new Number(5684),
  'a function': () => () => undefined,
  'a class': () => class {},
  'an empty object': () => ({}),
  'a frozen object': () => Object.freeze({}),
  'an object without prototype': () => Object.create(null),
  'an object without words': wordless,
  'an empty array': () => [],
  'a sparse array': () => new Array(3),
  'an array of null': () => [null],
  'an array of odd things': () => [Symbol('odd'), 1n, wordless()],
  'nested arrays': () => [[[['x']]]],
  'a Map': () => new Map([['x', 1]]),
  'a Set': () => new Set(['x']),
  'a Date': () => new Date(Number.NaN),
  'a RegExp': () => /x/,
  'an Error': () => new Error('odd'),
  'a promise': () => Promise.resolve({}),
  'no bytes': () => new Uint8Array(0),
  'a secret': () => Uint8Array.from(secretBytes),
  '1 MiB': () => new Uint8Array(2 ** 20),
  'shared bytes': () => new Uint8Array(new SharedArrayBuffer(48)),
  'detached bytes': detached,
  'bytes out of bounds': shrunk,
  'words of 16 bits': () => new Uint16Array(24),
  'floating-point numbers': () => new Float64Array(6),
  'a DataView': () => new DataView(new ArrayBuffer(48)),
  'an ArrayBuffer': () => new ArrayBuffer(48),
  'what only inherits from Uint8Array': () => impostor(Uint8Array),
  'what only inherits from SecureContext': () => impostor(SecureContext),
  'what only inherits from DtlsEndpoint': () => impostor(DtlsEndpoint),
  'what only inherits from PacketCapture': () => impostor(PacketCapture),
  'what only inherits from DtlsServer': () => impostor(DtlsServer),
  'a DtlsServer': () => createServer({ psk: { alice: secretBytes } }),
  'a DtlsAssociation': () => new DtlsAssociation({ port: 1, psk: { identity: 'alice', key: secretBytes } }),
  'an EventEmitter': () => new EventEmitter(),
  'an AbortController': () => new AbortController(),
  'a getter that throws': () => Object.defineProperty({}, 'x', { get: throwOwn, enumerable: true }),
  'a proxy that throws': hostileProxy,
  'a revoked proxy': revokedProxy,
} satisfies Record<string, () => unknown>;

export type OddName = keyof typeof VALUES;

export const ODD_NAMES = Object.keys(VALUES) as OddName[];

export function odd(name: OddName): unknown {
  return VALUES[name]();
}
