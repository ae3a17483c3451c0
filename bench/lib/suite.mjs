// Runs the cases: every contestant in turn, again and again, each run in processes of its own.
import { contestants } from './contestants.mjs';
import { cpuTimes, othersPercent } from './others.mjs';
import { RunFailure } from './program.mjs';
import { summariseCase } from './results.mjs';
import { rotate } from './statistics.mjs';

/** The peers without which an entry cannot run. */
export function needsOf({ contestant, with: others = [] }) {
  return [contestant, ...others].flatMap((id) => contestants[id].needs ?? []);
}

/**
 * Runs one case. `missing` has the titles of peers that could not be prepared; `onRun({ contestant, point, index, total })`
 * is called before each run.
 */
export async function runCase(definition, { bench, onRun, ...options }) {
  const { points, outcomes, plan } = planCase(definition, options);
  for (const [index, outcome] of plan.entries()) {
    if (outcome.hasGivenUp) continue;
    onRun({ contestant: outcome.contestant, point: outcome.point, index, total: plan.length });
    await runOnce(outcome, bench);
  }
  return summariseCase({ ...definition, points }, outcomes);
}

/** The number of runs of a case, for a progress display. */
export const runsOf = (definition, options) => planCase(definition, options).plan.length;

function planCase({ points = [{ key: '', label: '' }], entries }, { reps, isQuick, missing }) {
  const shown = isQuick ? points.filter(({ isLong }) => !isLong) : points;
  const outcomes = shown.flatMap((point) => entries.map((entry) => newOutcome(entry, point, missing)));
  return { points: shown, outcomes, plan: alternate(shown, outcomes, reps) };
}

function newOutcome(entry, point, missing) {
  const absent = needsOf(entry).find((id) => missing.has(id));
  return {
    contestant: entry.contestant,
    point: point.key,
    run: entry.run(point),
    maxReps: entry.maxReps ?? Number.POSITIVE_INFINITY,
    skipped: absent === undefined ? undefined : `${missing.get(absent)} is left out`,
    runs: [],
    failures: [],
    hasGivenUp: false,
  };
}

/** A round has one run of everybody, and each begins with another contestant. */
function alternate(points, outcomes, reps) {
  const rounds = Array.from({ length: reps }, (_, round) =>
    points.flatMap(({ key }) => {
      const present = outcomes.filter((each) => each.point === key && !each.skipped && round < each.maxReps);
      return rotate(present, round);
    }),
  );
  return rounds.flat();
}

async function runOnce(outcome, bench) {
  const before = cpuTimes();
  try {
    const figures = await outcome.run(bench);
    outcome.runs.push({ ...figures, othersPercent: othersPercent(before, cpuTimes()) });
  } catch (error) {
    if (!(error instanceof RunFailure)) throw error;
    outcome.failures.push(error.message);
    outcome.hasGivenUp = error.hasTimedOut;
  }
}
