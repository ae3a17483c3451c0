import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { evaluate } from '../bench/modules';
import { ROOT } from './programs';

interface Case {
  name: string;
  title: string;
  targets?: Array<{ atLeast?: number; atMost?: number }>;
}

const page = readFileSync(path.join(ROOT, 'docs/performance.md'), 'utf8');
const cases = evaluate<Case[]>('cases/index.mjs', 'return m.cases');

test.each(cases.map((each) => [each.name, each] as const))('the page has the case %s and its targets', (name, each) => {
  expect(page).toContain(`### ${each.title}\n`);
  const shown = page.split('\n').filter((line) => line.startsWith(`| ${name} |`));
  const bounds = (each.targets ?? []).map(({ atLeast, atMost }) =>
    atLeast === undefined ? `at most ${atMost}×` : `at least ${atLeast}×`,
  );
  expect(shown.map((line) => /at (least|most) [\d.]+×/.exec(line)?.[0])).toEqual(bounds);
});

test('every picture of the page is there', () => {
  const pictures = [...page.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map(([, file]) => file as string);
  expect(pictures.length).toBeGreaterThan(0);
  expect(pictures.filter((file) => !existsSync(path.join(ROOT, 'docs', file)))).toEqual([]);
});
