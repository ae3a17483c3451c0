import { expect, test } from '@jest/globals';
import { Slab } from '../../lib/slab';

function write(slab: Slab, text: string): Buffer {
  const size = slab.reserve(text.length).write(text, slab.offset);
  return slab.take(size);
}

test('pieces share one buffer and never overlap', () => {
  const slab = new Slab();
  const one = write(slab, 'one');
  const two = write(slab, 'two');
  expect(two.buffer).toBe(one.buffer);
  expect([one.toString(), two.toString()]).toEqual(['one', 'two']);
});

test('what was reserved and not taken is used again', () => {
  const slab = new Slab();
  slab.reserve(1000);
  slab.take(10);
  expect(slab.offset).toBe(10);
  slab.reserve(1000);
  expect(slab.offset).toBe(10);
});

test('a full buffer is left to its pieces', () => {
  const slab = new Slab();
  const first = write(slab, 'first');
  slab.reserve(64 * 1024);
  const second = write(slab, 'second');
  expect(second.buffer).not.toBe(first.buffer);
  expect(first.toString()).toBe('first');
});

test('more than a slab gets a buffer of its size', () => {
  const slab = new Slab();
  expect(slab.reserve(100_000)).toHaveLength(100_000);
});

test('a buffer whose memory is gone is replaced', () => {
  const slab = new Slab();
  write(slab, 'gone');
  // What ArrayBuffer.prototype.transfer() leaves behind, which Node 20 does not have.
  slab.buffer = Buffer.alloc(0);
  expect(write(slab, 'here').toString()).toBe('here');
});
