import { expect, test } from '@jest/globals';
import { type CookieKeyPair, CookieKeys } from '../../lib/server/cookie-keys';

const windowMs = 30_000;
const secret = Buffer.alloc(32, 7);

function keysAt(keys: CookieKeys, nowMs: number): CookieKeyPair {
  const pair = keys.rotate(nowMs);
  if (pair === undefined) throw new Error('the window has not changed');
  return pair;
}

test('keys have the 32 bytes that the listener takes', () => {
  const { current, previous } = keysAt(new CookieKeys(), 0);
  expect(current).toHaveLength(32);
  expect(previous).toHaveLength(32);
  expect(current).not.toEqual(previous);
});

test('nothing changes within a window', () => {
  const keys = new CookieKeys(secret);
  keysAt(keys, 10 * windowMs);
  expect(keys.rotate(10 * windowMs + 1)).toBeUndefined();
  expect(keys.rotate(11 * windowMs - 1)).toBeUndefined();
});

test('the current key becomes the previous one', () => {
  const keys = new CookieKeys(secret);
  const before = keysAt(keys, 10 * windowMs);
  const after = keysAt(keys, 11 * windowMs);
  expect(after.previous).toEqual(before.current);
  expect(after.current).not.toEqual(before.current);
});

test('after two windows no key of old is left', () => {
  const keys = new CookieKeys(secret);
  const before = keysAt(keys, 10 * windowMs);
  const after = keysAt(keys, 12 * windowMs);
  for (const old of [before.current, before.previous]) {
    expect(after.current).not.toEqual(old);
    expect(after.previous).not.toEqual(old);
  }
});

test('processes that share the secret share the keys', () => {
  expect(keysAt(new CookieKeys(secret), 99 * windowMs)).toEqual(keysAt(new CookieKeys(secret), 99 * windowMs + 5));
});

test('without a secret each server has keys of its own', () => {
  expect(keysAt(new CookieKeys(), 0).current).not.toEqual(keysAt(new CookieKeys(), 0).current);
});
