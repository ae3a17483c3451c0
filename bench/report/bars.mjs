// One metric as bars, a row for each contestant, with the reference as a line across them.
import { formatRatio, formatTick, formatValue, KIB } from './format.mjs';
import { stand } from './theme.mjs';

const ROW = 28;
const BAR = 14;
const MARGIN = { left: 222, top: 62, bottom: 30 };
/** The columns of figures. */
const COLUMNS = { value: 68, ratio: 54, gap: 16 };
/** A bar that is so many times longer than what the chart is about is cut off. */
const LONGEST = 2.5;
const HEADROOM = 1.06;
const TICKS = 5;

const fills = { ours: stand.ours, 'ours-dgram': stand.soft, 'ours-2-workers': stand.ours, 'plain-c': stand.reference };

/** `view` is the point shown; without one, all of them. */
export function barOption(result, metric, view) {
  const rows = result.series
    .filter(({ point }) => view === undefined || point === view.key)
    .map((each) => ({ ...each, figure: each.figures[metric.key] }));
  const limit = axisLimit(rows, result.reference) * HEADROOM || 1;
  const reference = rows.find(({ contestant }) => contestant === result.reference);
  const names = rowNames(result, rows, view);
  const figuresWidth = COLUMNS.value + (reference === undefined ? 0 : COLUMNS.ratio);
  return {
    height: MARGIN.top + MARGIN.bottom + rows.length * ROW,
    grid: { ...MARGIN, right: figuresWidth + COLUMNS.gap },
    xAxis: valueAxis(metric, limit),
    yAxis: [rowAxis(names), { ...rowAxis(rows.map((row) => valueText(row, metric))), position: 'right' }],
    series: [
      {
        type: 'bar',
        barWidth: BAR,
        data: rows.map((row) => bar(row, limit)),
        markLine: reference?.figure === undefined ? undefined : referenceLine(reference),
      },
      { type: 'custom', z: 5, renderItem: whisker, data: rows.map((row, i) => span(row, i, limit)).filter(Boolean) },
      { type: 'custom', z: 6, renderItem: goal, data: goals(result, metric, view, rows, limit) },
    ],
  };
}

/** With one contestant and many points, the points are what differs. */
function rowNames({ points }, rows, view) {
  const labels = new Map(points.map(({ key, label }) => [key, label]));
  const isAlone = new Set(rows.map(({ contestant }) => contestant)).size === 1;
  return rows.map(({ title, point }) => {
    if (view !== undefined || points.length === 1) return title;
    return isAlone ? labels.get(point) : `${title}, ${labels.get(point)}`;
  });
}

/** What the slowest would squeeze into a corner is what the chart is about: ours and the reference. */
function axisLimit(rows, reference) {
  const longest = (some) => Math.max(0, ...some.map(({ figure }) => figure?.max ?? 0));
  const central = longest(rows.filter(({ contestant }) => contestant.startsWith('ours') || contestant === reference));
  return central > 0 ? Math.min(longest(rows), LONGEST * central) : longest(rows);
}

/** The axis of a metric, here and in curves. */
export function valueAxis({ unit }, max) {
  return {
    type: 'value',
    min: 0,
    max,
    interval: tickInterval(max / TICKS, unit === 'B' ? KIB : 1),
    splitLine: { lineStyle: { color: stand.line } },
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: {
      fontSize: 11,
      color: stand.muted,
      showMaxLabel: false,
      formatter: (value) => formatTick(value, unit),
    },
  };
}

/** The round number of `base` next to `least`: 1, 2 or 5 with zeros. */
function tickInterval(least, base) {
  const power = 10 ** Math.floor(Math.log10(least / base));
  const step = [1, 2, 5, 10].find((each) => each * power * base >= least);
  return (step ?? 10) * power * base;
}

function rowAxis(data) {
  const column = { fontSize: 12.5, color: stand.text, align: 'right' };
  return {
    type: 'category',
    inverse: true,
    data,
    axisTick: { show: false },
    axisLine: { show: false },
    axisLabel: {
      fontSize: 12.5,
      color: stand.text,
      rich: {
        value: { ...column, width: COLUMNS.value },
        ratio: { ...column, width: COLUMNS.ratio, color: stand.muted },
        ourValue: { ...column, width: COLUMNS.value, fontWeight: 600 },
        ourRatio: { ...column, width: COLUMNS.ratio, fontWeight: 600, color: stand.ours },
        missing: { ...column, width: COLUMNS.value, color: stand.bad },
      },
    },
  };
}

function valueText({ contestant, figure, skipped }, { unit }) {
  if (figure === undefined) return `{missing|${skipped === undefined ? 'failed' : 'left out'}}`;
  const [value, ratio] = contestant === 'ours' ? ['ourValue', 'ourRatio'] : ['value', 'ratio'];
  const compared = figure.ratio === undefined ? '' : `{${ratio}|${formatRatio(figure.ratio)}}`;
  return `{${value}|${formatValue(figure.median, unit)}}${compared}`;
}

function bar({ contestant, figure }, limit) {
  if (figure === undefined) return 0;
  const isCut = figure.median > limit;
  return {
    value: Math.min(figure.median, limit),
    itemStyle: { color: fills[contestant] ?? stand.other, borderRadius: isCut ? 0 : [0, 3, 3, 0] },
    label: { show: isCut, position: 'insideRight', formatter: '▸▸', color: stand.card, fontSize: 11 },
  };
}

function referenceLine({ title, figure }) {
  return {
    symbol: 'none',
    lineStyle: { color: stand.reference, type: [4, 3], width: 1.2 },
    label: { formatter: title, position: 'start', color: stand.reference, fontSize: 11, distance: 5 },
    data: [{ xAxis: figure.median }],
  };
}

function span({ figure }, i, limit) {
  if (figure === undefined || figure.count < 2 || figure.median > limit) return undefined;
  return [i, figure.min, Math.min(figure.max, limit)];
}

/** From the lowest run to the highest. */
function whisker(_params, api) {
  const [x1, y] = api.coord([api.value(1), api.value(0)]);
  const [x2] = api.coord([api.value(2), api.value(0)]);
  const line = (shape) => ({ type: 'line', shape, style: { stroke: stand.text, lineWidth: 1, opacity: 0.7 } });
  return {
    type: 'group',
    children: [
      line({ x1, y1: y, x2, y2: y }),
      line({ x1, y1: y - 3, x2: x1, y2: y + 3 }),
      line({ x1: x2, y1: y - 3, x2, y2: y + 3 }),
    ],
  };
}

/** Where the bar must end: `[row, value, 1 for at least]`. */
function goals({ targets, series }, metric, view, rows, limit) {
  return targets
    .filter((each) => each.metric === metric.key && (view === undefined || each.point === view.key))
    .map(({ contestant, against, againstMetric, againstPoint, point, atLeast, atMost }) => {
      const other = series.find((each) => each.contestant === against && each.point === (againstPoint ?? point ?? ''));
      const median = other?.figures[againstMetric ?? metric.key]?.median;
      const row = rows.findIndex((each) => each.contestant === contestant);
      return [row, (atLeast ?? atMost) * median, atLeast === undefined ? 0 : 1];
    })
    .filter(([row, value]) => row >= 0 && value <= limit);
}

/** A line across the bar, with an arrow to the side on which the target is met. */
function goal(_params, api) {
  const [x, y] = api.coord([api.value(1), api.value(0)]);
  const side = api.value(2) === 1 ? 1 : -1;
  const points = [-12, -9, -6].map((dy, i) => [i === 1 ? x + 6 * side : x, y + dy]);
  const style = { stroke: stand.good, fill: stand.good, lineWidth: 2 };
  return {
    type: 'group',
    children: [
      { type: 'line', shape: { x1: x, y1: y - 12, x2: x, y2: y + 10 }, style },
      { type: 'polygon', shape: { points }, style: { ...style, lineWidth: 1 } },
    ],
  };
}
