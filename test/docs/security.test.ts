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

const NAMES = /[\w/*-]+(?:\.test\.ts|_test\.cc)/g;

test.each(['docs/security.md', 'docs/testing.md'])('each test that %s names is there', (page) => {
  const text = readFileSync(path.join(ROOT, page), 'utf8');
  const names = new Set([...text.matchAll(NAMES)].map(([name]) => name));
  expect(names.size).toBeGreaterThan(0);
  expect([...names].filter((name) => !exists(name))).toEqual([]);
});

/** The rows of the tables and the items of the lists in a page, headers left out. */
function promisesOf(page: string): string[] {
  const rows = page.match(/^\| .*/gm) ?? [];
  const items = page.match(/^- .*(?:\n {2}.*)*/gm) ?? [];
  return [...rows.filter((row) => !row.startsWith('| promise |')), ...items];
}

test('each promise of docs/security.md names a test that holds it', () => {
  const text = readFileSync(path.join(ROOT, 'docs/security.md'), 'utf8');
  const promises = promisesOf(text.slice(text.indexOf('\n## Memory'), text.indexOf('\n## How it is held')));
  expect(promises.length).toBeGreaterThan(20);
  expect(promises.filter((promise) => promise.match(NAMES) === null)).toEqual([]);
});
