// Medians and ranges, ratios, targets. No processes, no files.
import { max, median, min } from 'simple-statistics';

/** `{ median, min, max, count }`; undefined of no values. */
export function summarise(values) {
  if (values.length === 0) return undefined;
  return { median: median(values), min: min(values), max: max(values), count: values.length };
}

/** The list begun at another place each time, so that no contestant always runs first. */
export function rotate(list, times) {
  const start = list.length === 0 ? 0 : times % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

/** a / b; undefined where that says nothing. */
export function ratio(a, b) {
  return a === undefined || b === undefined || !(b > 0) ? undefined : a / b;
}

/**
 * Whether one target is met. `find(contestant, metric, point)` gives a median or undefined. A target says
 * `{ contestant, metric, point?, against, againstMetric?, againstPoint?, atLeast | atMost }`; what is added is the
 * `ratio` and `isMet`, both undefined when one side was not measured.
 */
export function judge(target, find) {
  const { contestant, metric, point, against, atLeast, atMost } = target;
  const ours = find(contestant, metric, point);
  const theirs = find(against, target.againstMetric ?? metric, target.againstPoint ?? point);
  const actual = ratio(ours, theirs);
  if (actual === undefined) return { ...target, ratio: undefined, isMet: undefined };
  return { ...target, ratio: actual, isMet: atLeast === undefined ? actual <= atMost : actual >= atLeast };
}
