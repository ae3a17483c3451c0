// The rows of every table, whoever draws it.
import { contestants } from '../lib/contestants.mjs';
import { formatRatio, formatSpread, formatTarget, formatValue, formatVerdict } from './format.mjs';

const titleOf = (id) => contestants[id]?.title ?? id;

/** Whether a metric is compared with the reference of its case. */
export const isCompared = ({ reference }, { better }) => reference !== undefined && better !== undefined;

/** One row for each contestant and point: `{ name, isOurs, cells: [{ value, spread, range, ratio }], note }`. */
export function caseRows({ series, metrics, points }) {
  const labels = new Map(points.map(({ key, label }) => [key, label]));
  return series.map((each) => ({
    name: [each.title, labels.get(each.point)].filter(Boolean).join(', '),
    isOurs: each.contestant === 'ours',
    cells: metrics.map(({ key, unit }) => cell(each.figures[key], unit)),
    note: note(each),
  }));
}

function cell(figure, unit) {
  if (figure === undefined) return { value: '', spread: '', range: '', ratio: '' };
  const { median, min, max, count } = figure;
  return {
    value: formatValue(median, unit),
    spread: count > 1 ? formatSpread(figure) : '',
    range: count > 1 ? `${formatValue(min, unit)} to ${formatValue(max, unit)}` : '',
    ratio: formatRatio(figure.ratio),
  };
}

function note({ skipped, failures, runs }) {
  if (skipped !== undefined) return `skipped, for ${skipped}`;
  if (failures.length === 0) return '';
  return `${failures.length} of ${failures.length + runs.length} runs failed: ${failures[0]}`;
}

/** One row for each target of the cases: `{ case, what, target, ratio, verdict, isMet }`. */
export function targetRows(cases) {
  return cases.flatMap(({ name, title, metrics, points, targets }) =>
    targets.map((target) => {
      const metric = metrics.find(({ key }) => key === target.metric);
      const point = points.find(({ key }) => key === target.point)?.label ?? target.point;
      return {
        case: name,
        title,
        what: [metric.title, point].filter(Boolean).join(', '),
        target: formatTarget(target, titleOf),
        ratio: formatRatio(target.ratio),
        verdict: formatVerdict(target.isMet),
        isMet: target.isMet,
      };
    }),
  );
}

/** One row for each contestant and size: `{ name, size, crypto, message, share }`. */
export function shareRows(shares) {
  return shares.map(({ title, size, cryptoUs, messageUs, share }) => ({
    name: title,
    size: `${size} B`,
    crypto: formatValue(cryptoUs, 'µs'),
    message: formatValue(messageUs, 'µs'),
    share: formatValue(share * 100, '%'),
  }));
}

/** What the machine is, as `[name, value]`. */
export function machineRows(machine) {
  const { cpu, cores, memoryGib, kernel, distribution, node, opensslNode, opensslSystem, commit } = machine;
  return [
    ['CPU', `${cpu}, ${cores} ${cores === 1 ? 'core' : 'cores'}`],
    ['Memory', `${memoryGib} GiB`],
    ['Kernel', kernel],
    ['System', distribution],
    ['Node.js', `${node}, OpenSSL ${opensslNode}`],
    ["The peers' OpenSSL", opensslSystem],
    ['Commit', commit],
  ].filter(([, value]) => value !== undefined);
}
