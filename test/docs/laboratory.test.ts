import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { DAMAGES, LOSSES } from '../lab/case-counts';

const page = readFileSync(path.join(__dirname, '../../docs/testing.md'), 'utf8');

function sum(counts: Readonly<Record<string, number>>): string {
  return Object.values(counts)
    .reduce((total, count) => total + count, 0)
    .toLocaleString('en-US');
}

/** The second cell of the row that begins so. */
function cases(row: string): string | undefined {
  const line = page.split('\n').find((each) => each.startsWith(`| ${row}`));
  return line?.split(' | ')[1];
}

test('docs/testing.md tells how many handshakes with losses and with damage there are', () => {
  expect(cases('together')).toBe(sum(LOSSES));
  expect(cases('one byte damaged')).toBe(sum(DAMAGES));
});
