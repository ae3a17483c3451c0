import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = path.join(__dirname, '../..');
const files = readdirSync(path.join(ROOT, 'test'), { recursive: true }).map((file) => path.join('test', String(file)));

/** Whether a test goes by this name, which may leave its folder out and have a `*`. */
function exists(name: string): boolean {
  const pattern = new RegExp(`(^|/)${name.replaceAll('.', '\\.').replaceAll('*', '[\\w-]*')}$`);
  return files.some((file) => pattern.test(file));
}

test.each(['docs/security.md', 'docs/testing.md'])('each test that %s names is there', (page) => {
  const text = readFileSync(path.join(ROOT, page), 'utf8');
  const names = new Set([...text.matchAll(/[\w/*-]+(?:\.test\.ts|_test\.cc)/g)].map(([name]) => name));
  expect(names.size).toBeGreaterThan(0);
  expect([...names].filter((name) => !exists(name))).toEqual([]);
});
