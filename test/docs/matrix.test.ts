import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { evaluate } from '../bench/modules';
import { ROOT } from './programs';

interface Results {
  rows: Array<{ runtime: { node: string }; node: string; unit: { passed: number } }>;
}

const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
const results = JSON.parse(readFileSync(path.join(ROOT, 'docs/matrix.json'), 'utf8')) as Results;

/** What is wrong with the README's matrix, as sentences. */
function problems(shown: string, run: Results): string[] {
  return evaluate('../scripts/lib/matrix-table.mjs', 'return m.problems(input.shown, input.run);', { shown, run });
}

test('the README shows what npm run matrix has run, on every runtime of scripts/lib/runtimes.mjs', () => {
  expect(problems(readme, results)).toEqual([]);
});

test('a runtime that was never run is missed', () => {
  const rows = results.rows.filter(({ runtime }) => runtime.node !== 'trixie');
  expect(problems(readme, { ...results, rows })).toContain('Node trixie (system) was not run.');
});

test('a runtime that is no more is found', () => {
  const rows = results.rows.map((row) => ({ ...row, runtime: { ...row.runtime, node: '18.0.0' } }));
  expect(problems(readme, { ...results, rows })).toContain('Node 18.0.0 (node) is not among the runtimes any more.');
});

test('a table that was edited by hand is found', () => {
  const edited = readme.replace(/\| all [\d,]+ \|/, '| all 1 |');
  expect(problems(edited, results)).toEqual(['README.md does not show the results.']);
});
