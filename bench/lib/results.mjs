// From runs to the results of a case, as they stand in the JSON file. No processes, no files.
import { contestants } from './contestants.mjs';
import { metrics } from './metrics.mjs';
import { judge, ratio, summarise } from './statistics.mjs';

const SIGNIFICANT_DIGITS = 6;

const round = (value) => (value === undefined ? undefined : Number(value.toPrecision(SIGNIFICANT_DIGITS)));

/**
 * `outcomes` has for each contestant and point `{ contestant, point, runs, failures, skipped }`, where a run is the
 * object of its figures.
 */
export function summariseCase(definition, outcomes) {
  const { name, title, about, chart, axis, reference, targets = [] } = definition;
  const points = definition.points ?? [{ key: '', label: '' }];
  const series = outcomes.map((outcome) => ({
    contestant: outcome.contestant,
    title: contestants[outcome.contestant].title,
    point: outcome.point,
    skipped: outcome.skipped,
    failures: outcome.failures,
    runs: outcome.runs,
    figures: figures(definition.metrics, outcome.runs),
  }));
  const find = (contestant, metric, point = points[0].key) =>
    series.find((each) => each.contestant === contestant && each.point === point)?.figures[metric]?.median;
  for (const each of series) {
    for (const [metric, figure] of Object.entries(each.figures)) {
      const toReference = ratio(figure.median, find(reference, metric, each.point));
      if (metrics[metric].better !== undefined) figure.ratio = round(toReference);
    }
  }
  const judged = targets.map((target) => {
    const verdict = judge(target, find);
    return { ...verdict, ratio: round(verdict.ratio) };
  });
  const described = definition.metrics.map((key) => ({ key, ...metrics[key] }));
  const shown = points.map(({ key, label, x }) => ({ key, label, x }));
  return { name, title, about, chart, axis, reference, points: shown, metrics: described, series, targets: judged };
}

function figures(keys, runs) {
  const entries = keys.map((key) => {
    const summary = summarise(runs.map((run) => run[key]).filter((value) => value !== undefined));
    if (summary === undefined) return undefined;
    return [key, Object.fromEntries(Object.entries(summary).map(([name, value]) => [name, round(value)]))];
  });
  return Object.fromEntries(entries.filter((entry) => entry !== undefined));
}

/**
 * How much of a message's CPU time is AES-GCM itself: the case `crypto` against those of its sizes. Empty when one of
 * them did not run.
 */
export function cryptoShares(cases) {
  const crypto = cases.find(({ name }) => name === 'crypto');
  if (crypto === undefined) return [];
  return crypto.series.flatMap(({ point, figures }) => {
    const flood = cases.find(({ name }) => name === `flood-${point}`);
    const cryptoUs = figures.sealUs?.median;
    if (flood === undefined || cryptoUs === undefined) return [];
    return flood.series
      .filter((each) => each.figures.cpuUsPerMessage !== undefined)
      .map(({ contestant, title, figures: { cpuUsPerMessage } }) => ({
        contestant,
        title,
        size: Number(point),
        cryptoUs,
        messageUs: cpuUsPerMessage.median,
        share: round(cryptoUs / cpuUsPerMessage.median),
      }));
  });
}

/** The most that other programs took of the machine, in the median of the runs of a contestant at a point. */
export function disturbance(cases) {
  const shares = cases.flatMap(({ series }) =>
    series.map(({ runs }) => summarise(runs.map(({ othersPercent }) => othersPercent ?? 0))?.median ?? 0),
  );
  return round(Math.max(0, ...shares));
}

/** Whether any run of the suite did not bring its figures. */
export function hasFailures(cases) {
  return cases.some(({ series }) => series.some(({ failures }) => failures.length > 0));
}
