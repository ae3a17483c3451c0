import { expect, test } from '@jest/globals';
import { evaluate } from './modules';

interface Outcome {
  plan: string[];
  result: { series: Array<{ contestant: string; runs: unknown[]; failures: string[]; skipped?: string }> };
}

/** Runs a case whose contestants do what `behave` says, and notes who ran. */
function run({ reps = 3, missing = [] as string[], behave = '' }): Outcome {
  const body = `
    const { RunFailure } = await import(new URL('program.mjs', input.lib).href);
    const runs = {};
    const entry = (contestant, rest = {}) => ({
      contestant,
      run: (point) => async () => {
        const run = (runs[contestant] = (runs[contestant] ?? 0) + 1);
        ${behave}
        return { messagesPerSecond: run };
      },
      ...rest,
    });
    const definition = {
      name: 'a',
      reference: 'plain-c',
      metrics: ['messagesPerSecond'],
      entries: [entry('ours'), entry('plain-c'), entry('werift-dtls', { maxReps: 1 })],
    };
    const plan = [];
    const result = await m.runCase(definition, {
      bench: {},
      reps: input.reps,
      isQuick: false,
      missing: new Map(input.missing.map((id) => [id, id.toUpperCase()])),
      onRun: ({ contestant }) => plan.push(contestant),
    });
    return { plan, result };`;
  return evaluate('lib/suite.mjs', body, { reps, missing, lib: `file://${__dirname}/../../bench/lib/` });
}

test('contestants alternate, each round begins with another, and slow ones take part in fewer', () => {
  const { plan } = run({});
  expect(plan).toEqual(['ours', 'plain-c', 'werift-dtls', 'plain-c', 'ours', 'ours', 'plain-c']);
});

test('who needs a peer that is missing is skipped', () => {
  const { plan, result } = run({ reps: 1, missing: ['c'] });
  expect(plan).toEqual(['ours', 'werift-dtls']);
  expect(result.series.map(({ skipped }) => skipped)).toEqual([undefined, 'C is left out', undefined]);
});

test('a failed run is counted, and the next one takes place', () => {
  const { result } = run({ behave: "if (contestant === 'ours' && run === 2) throw new RunFailure('it crashed');" });
  expect(result.series[0]).toMatchObject({
    failures: ['it crashed'],
    runs: [{ messagesPerSecond: 1 }, { messagesPerSecond: 3 }],
  });
});

test('who took too long once is not run again', () => {
  const behave = `
    if (contestant === 'ours') throw Object.assign(new RunFailure('it took too long'), { hasTimedOut: true });`;
  const { plan, result } = run({ behave });
  expect(plan.filter((contestant) => contestant === 'ours')).toHaveLength(1);
  expect(result.series[0]).toMatchObject({ failures: ['it took too long'], runs: [] });
});
