import { expect, test } from '@jest/globals';
import { evaluate } from './modules';

interface Case {
  name: string;
  title: string;
  about: string;
  reference?: string;
  points?: Array<{ key: string }>;
  metrics: string[];
  entries: Array<{ contestant: string; with?: string[] }>;
  targets?: Array<Record<string, string>>;
}

const cases = evaluate<Case[]>('cases/index.mjs', 'return m.cases');
const contestants = evaluate<string[]>('lib/contestants.mjs', 'return Object.keys(m.contestants)');
const metrics = evaluate<string[]>('lib/metrics.mjs', 'return Object.keys(m.metrics)');

test('every case has a name of its own', () => {
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
});

test.each(cases.map((each) => [each.name, each] as const))('%s names what exists', (_name, each) => {
  expect(metrics).toEqual(expect.arrayContaining(each.metrics));
  expect(contestants).toEqual(expect.arrayContaining(each.entries.flatMap((e) => [e.contestant, ...(e.with ?? [])])));
  const present = each.entries.map(({ contestant }) => contestant);
  expect(present).toEqual(expect.arrayContaining([each.reference ?? present[0]]));
  const points = each.points?.map(({ key }) => key) ?? [undefined];
  for (const target of each.targets ?? []) {
    expect(present).toEqual(expect.arrayContaining([target.contestant, target.against]));
    expect(each.metrics).toEqual(expect.arrayContaining([target.metric, target.againstMetric ?? target.metric]));
    expect(points).toEqual(expect.arrayContaining([target.point, target.againstPoint ?? target.point]));
  }
});

function parse(...args: string[]) {
  const body =
    'try { return m.parseCommandLine(input, [{ name: "a" }, { name: "b" }]); } catch (e) { return e.message; }';
  return evaluate<string | { cases: unknown; reps: number; isQuick: boolean }>('lib/command-line.mjs', body, args);
}

test('without names all cases run, five times', () => {
  expect(parse()).toMatchObject({ cases: [{ name: 'a' }, { name: 'b' }], reps: 5, isQuick: false });
});

test('names choose cases, in the order of the suite', () => {
  expect(parse('b', 'a', '--quick')).toMatchObject({ cases: [{ name: 'a' }, { name: 'b' }], reps: 1, isQuick: true });
  expect(parse('b', '--reps', '7')).toMatchObject({ cases: [{ name: 'b' }], reps: 7 });
});

test('a wrong command line says what is wrong', () => {
  expect(parse('c')).toBe('There is no case c. There are: a, b');
  expect(parse('--reps', 'many')).toContain('--reps takes a number from 1 on, not many');
  expect(parse('--fast')).toContain("Unknown option '--fast'");
});
