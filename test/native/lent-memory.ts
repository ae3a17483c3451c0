import { expect } from '@jest/globals';
import fc from 'fast-check';

/** Of ES2024, for which our declarations are too old. */
const ResizableBuffer = ArrayBuffer as unknown as new (
  size: number,
  options: { maxByteLength: number },
) => ArrayBuffer & { resize(size: number): void };

const CANARY = 0xee;
/** Bytes of the memory that a view lies in. */
const SIZE = 512;
const HALF = SIZE / 2;
/** Views begin at a multiple of this, for those of numbers have to. */
const STEP = 4;

type View = Uint8Array | Uint16Array | Int32Array;

/** Memory that is lent to native code for one call: a view, and what it lies in, which is full of canaries. */
export class LentMemory<V extends View = View> {
  readonly view: V;
  /** Bytes of the view. */
  readonly size: number;
  readonly #memory: Uint8Array;
  #before: Buffer;

  constructor(view: V) {
    this.view = view;
    // The view itself is not asked: in code that V8 has optimized (Node 20) one that is detached tells its old length.
    const isDetached = view.buffer.byteLength === 0;
    this.size = isDetached ? 0 : view.byteLength;
    this.#memory = new Uint8Array(isDetached ? new ArrayBuffer(0) : view.buffer).fill(CANARY);
    this.#before = Buffer.from(this.#memory);
  }

  /** Gives the view contents, as much of them as it has room for. */
  fill(contents: Uint8Array): void {
    if (this.size > 0) this.#memory.set(contents.subarray(0, this.size), this.view.byteOffset);
    this.#before = Buffer.from(this.#memory);
  }

  /** Since the last time everything is as it was but, at most, `size` bytes of the view from its byte `from` on. */
  expectUntouched(from = 0, size = 0): void {
    expect(size).toBeLessThanOrEqual(Math.max(0, this.size - from));
    const after = Buffer.from(this.#memory);
    const first = this.view.byteOffset + from;
    if (size > 0) this.#before.copy(after, first, first, first + size);
    expect(after.equals(this.#before)).toBe(true);
    this.#before = Buffer.from(this.#memory);
  }
}

type Constructor<V> = {
  new (buffer: ArrayBufferLike, byteOffset: number, length?: number): V;
  BYTES_PER_ELEMENT: number;
};

/** Views of one kind in memory of every kind. */
export function lentMemory<V extends View>(Kind: Constructor<V>): fc.Arbitrary<() => LentMemory<V>> {
  const places = fc.tuple(fc.nat(HALF / STEP), fc.nat(HALF / STEP)).map((place) => place.map((n) => STEP * n));
  const kinds: Readonly<Record<string, (at: number, size: number) => V>> = {
    whole: () => new Kind(new ArrayBuffer(SIZE), 0),
    'a part': (at, size) => new Kind(new ArrayBuffer(SIZE), at, size / Kind.BYTES_PER_ELEMENT),
    shared: (at, size) => new Kind(new SharedArrayBuffer(SIZE), at, size / Kind.BYTES_PER_ELEMENT),
    empty: (at) => new Kind(new ArrayBuffer(SIZE), at, 0),
    detached: (at, size) => detach(new Kind(new ArrayBuffer(SIZE), at, size / Kind.BYTES_PER_ELEMENT)),
    'as long as its memory, which has grown': (at) => resized(HALF, SIZE, (buffer) => new Kind(buffer, at)),
    'as long as its memory, which has shrunk': (at) => resized(SIZE, HALF, (buffer) => new Kind(buffer, at)),
    'out of bounds, if it is larger than half': (at, size) =>
      resized(SIZE, HALF, (buffer) => new Kind(buffer, at, size / Kind.BYTES_PER_ELEMENT)),
  };
  return fc.tuple(fc.constantFrom(...Object.keys(kinds)), places).map(([name, [at = 0, size = 0]]) => {
    const make = () => new LentMemory((kinds[name] as (at: number, size: number) => V)(at, size));
    return Object.assign(make, { toString: () => `${name}: ${size} bytes from ${at} on` });
  });
}

function detach<V extends View>(view: V): V {
  structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] });
  return view;
}

function resized<V extends View>(from: number, to: number, view: (buffer: ArrayBuffer) => V): V {
  const buffer = new ResizableBuffer(from, { maxByteLength: SIZE });
  const made = view(buffer);
  buffer.resize(to);
  return made;
}

/** Offsets and lengths, few of which are within anything. */
export const numbers: fc.Arbitrary<number> = fc.oneof(
  { weight: 3, arbitrary: fc.nat(HALF) },
  fc.constantFrom(0, SIZE - 1, SIZE, -1, -(2 ** 31), 0.5, 7.9, Number.NaN, Number.POSITIVE_INFINITY),
  fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 8, 2 ** 53, 1e300),
);

/** How native code reads them: as ECMAScript's ToUint32. */
export const uint32 = (value: number): number => value >>> 0;
