import { expect, test } from '@jest/globals';
import { RateLimit } from '../../lib/server/rate-limit';

/** What stands in the way of these keys, one after another; where nothing does, it happens. */
function takes(rate: RateLimit, nowMs: number, ...keys: string[]): unknown[] {
  return keys.map((key) => {
    const bound = rate.exceeded(key, nowMs);
    if (bound === undefined) rate.spend(key);
    return bound;
  });
}

test('a key has so many in a second', () => {
  expect(takes(new RateLimit(10, 2), 5000, 'a', 'a', 'a')).toEqual([undefined, undefined, 'key']);
});

test('all keys together have so many in a second', () => {
  expect(takes(new RateLimit(3, 2), 5000, 'a', 'b', 'c', 'd')).toEqual([undefined, undefined, undefined, 'total']);
});

test('what a key has in vain is not taken from the others', () => {
  const rate = new RateLimit(3, 1);
  expect(takes(rate, 5000, 'a', 'a', 'a', 'a')).toEqual([undefined, 'key', 'key', 'key']);
  expect(takes(rate, 5000, 'b', 'c', 'd')).toEqual([undefined, undefined, 'total']);
});

test('what all have in vain is not taken from a key', () => {
  const rate = new RateLimit(1, 2);
  expect(takes(rate, 5000, 'a', 'b', 'b', 'b')).toEqual([undefined, 'total', 'total', 'total']);
});

test('a second begins with the first that comes after the last', () => {
  const rate = new RateLimit(2, 1);
  expect(takes(rate, 5000, 'a', 'a')).toEqual([undefined, 'key']);
  expect(takes(rate, 5999, 'a')).toEqual(['key']);
  expect(takes(rate, 6000, 'a', 'b', 'c')).toEqual([undefined, undefined, 'total']);
  expect(takes(rate, 6999, 'a', 'c')).toEqual(['key', 'total']);
  expect(takes(rate, 9500, 'a')).toEqual([undefined]);
  expect(takes(rate, 10_499, 'a')).toEqual(['key']);
  expect(takes(rate, 10_500, 'a')).toEqual([undefined]);
});

test('to ask costs nothing', () => {
  const rate = new RateLimit(1, 1);
  expect(Array.from({ length: 3 }, () => rate.exceeded('a', 5000))).toEqual([undefined, undefined, undefined]);
  expect(takes(rate, 5000, 'a', 'a')).toEqual([undefined, 'key']);
});

test('what happens may count for less, or for more, and may go beyond', () => {
  const rate = new RateLimit(10, 1);
  for (const amount of [0.25, 0.5, 0.25]) {
    expect(rate.exceeded('a', 5000)).toBe(undefined);
    rate.spend('a', amount);
  }
  expect(rate.exceeded('a', 5000)).toBe('key');
  expect(rate.exceeded('b', 5000)).toBe(undefined);
  rate.spend('b', 20);
  expect(rate.exceeded('c', 5000)).toBe('total');
});
