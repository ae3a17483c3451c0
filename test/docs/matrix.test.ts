import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { evaluate } from '../bench/modules';
import { ROOT } from './programs';

interface Row {
  runtime: { node: string };
  node: string;
  sources: string;
  unit: { passed: number; failed: number; skipped: number };
}

interface Results {
  rows: Row[];
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

/** The results with another second row, made from the first. */
function withSecond(changed: (first: Row) => Partial<Row>): Results {
  const [first, second, ...others] = results.rows as [Row, Row, ...Row[]];
  return { ...results, rows: [first, { ...second, ...changed(first) }, ...others] };
}

test('a runtime whose row is of other sources is found', () => {
  const run = withSecond(() => ({ sources: 'others' }));
  expect(problems(readme, run)).toContain('Node 20.20.2 (node) ran other sources than Node 20.17.0 (node).');
});

test('a runtime that had other unit tests is found, not one that skipped some', () => {
  const problem = 'Node 20.20.2 (node) has not the unit tests of Node 20.17.0 (node).';
  const less = ({ unit: { passed, failed, skipped } }: Row) => ({ passed: passed - 1, failed, skipped });
  expect(
    problems(
      readme,
      withSecond((first) => ({ unit: less(first) })),
    ),
  ).toContain(problem);
  const skipping = withSecond((first) => ({ unit: { ...less(first), skipped: first.unit.skipped + 1 } }));
  expect(problems(readme, skipping)).not.toContain(problem);
});

test('a table that was edited by hand is found', () => {
  const edited = readme.replace(/\| all [\d,]+ \|/, '| all 1 |');
  expect(problems(edited, results)).toContain('README.md does not show the results.');
});
