import { expect, test } from '@jest/globals';
import { CookieKeys } from '../../lib/server/cookie-keys';

const windowMs = 30_000;
const secret = Buffer.alloc(32, 7);
const newSecret = Buffer.alloc(32, 8);

interface Keys {
  making: Buffer;
  all: readonly Buffer[];
}

function keysAt(keys: CookieKeys, nowMs: number): Keys {
  const all = keys.rotate(nowMs);
  if (all === undefined) throw new Error('nothing has changed');
  return { making: all[0] as Buffer, all };
}

test('keys have the 32 bytes that the listener takes, and are all different', () => {
  const { all } = keysAt(new CookieKeys(), 0);
  expect(all.every((key) => key.length === 32)).toBe(true);
  expect(new Set(all.map(String)).size).toBe(all.length);
});

test('nothing changes within a window', () => {
  const keys = new CookieKeys([secret]);
  keysAt(keys, 10 * windowMs);
  expect(keys.rotate(10 * windowMs + 1)).toBeUndefined();
  expect(keys.rotate(11 * windowMs - 1)).toBeUndefined();
});

test('a cookie holds for the next window', () => {
  const keys = new CookieKeys([secret]);
  const before = keysAt(keys, 10 * windowMs);
  const after = keysAt(keys, 11 * windowMs);
  expect(after.all).toContainEqual(before.making);
  expect(after.making).not.toEqual(before.making);
});

test('after two windows it does not', () => {
  const keys = new CookieKeys([secret]);
  const before = keysAt(keys, 10 * windowMs);
  expect(keysAt(keys, 12 * windowMs).all).not.toContainEqual(before.making);
});

test('a machine whose clock is a window ahead or behind is understood', () => {
  const now = keysAt(new CookieKeys([secret]), 10 * windowMs);
  for (const itsTime of [9 * windowMs, 11 * windowMs]) {
    expect(now.all).toContainEqual(keysAt(new CookieKeys([secret]), itsTime).making);
  }
});

test('processes that share the secret share the keys', () => {
  expect(keysAt(new CookieKeys([secret]), 99 * windowMs)).toEqual(keysAt(new CookieKeys([secret]), 99 * windowMs + 5));
});

test('without a secret each server has keys of its own', () => {
  expect(keysAt(new CookieKeys(), 0).making).not.toEqual(keysAt(new CookieKeys(), 0).making);
});

test('a new secret takes effect within the window; behind it, the old one still verifies', () => {
  const keys = new CookieKeys([secret]);
  const old = keysAt(keys, 0);
  keys.use([newSecret, secret]);
  const both = keysAt(keys, 0);
  expect(both.making).toEqual(keysAt(new CookieKeys([newSecret]), 0).making);
  expect(both.all).toContainEqual(old.making);
  keys.use([newSecret]);
  expect(keysAt(keys, 0).all).not.toContainEqual(old.making);
});

test('a secret that its owner wipes goes on', () => {
  const mine = Buffer.from(secret);
  const keys = new CookieKeys([mine]);
  mine.fill(0);
  expect(keysAt(keys, 0)).toEqual(keysAt(new CookieKeys([secret]), 0));
});
