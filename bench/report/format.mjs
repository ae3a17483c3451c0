// Numbers as people read them.

const GROUPS = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
export const KIB = 1024;
/** The kernel's own work stays below. */
const DISTURBING_PERCENT = 10;

/** Three digits that count: 1.04 µs, 137 µs, 961 k/s, 22.5 KiB. */
export function formatValue(value, unit) {
  return value === undefined ? '' : format(value, unit, digits);
}

/** For an axis, whose values are round. */
export function formatTick(value, unit) {
  return value === 0 ? '0' : format(value, unit, (rounded) => String(Number(rounded.toPrecision(3))));
}

function format(value, unit, write) {
  if (unit === '/s') return `${formatRate(value, write)}/s`;
  if (unit === 'B') return value < KIB ? `${GROUPS.format(value)} B` : `${write(value / KIB)} KiB`;
  return `${write(value)} ${unit}`.trim();
}

function formatRate(value, write) {
  if (value >= 1e6) return `${write(value / 1e6)} M`;
  if (value >= 1e4) return `${write(value / 1e3)} k`;
  return GROUPS.format(value);
}

function digits(value) {
  const rounded = Number(value.toPrecision(3));
  if (rounded === 0) return '0';
  const magnitude = Math.floor(Math.log10(Math.abs(rounded)));
  return magnitude >= 2 ? GROUPS.format(rounded) : rounded.toFixed(Math.min(2 - magnitude, 3));
}

export function formatRatio(value) {
  return value === undefined ? '' : `${digits(value)}×`;
}

/** How far the runs lie from their median: "±4 %". */
export function formatSpread({ median, min, max }) {
  const spread = Math.max(max - median, median - min) / median;
  return Number.isFinite(spread) ? `±${Math.round(100 * spread)} %` : '';
}

/** "at least 3.5× plain C, OpenSSL"; `title` gives a contestant's. */
export function formatTarget({ contestant, metric, atLeast, atMost, against, againstMetric, againstPoint }, title) {
  const bound = atLeast === undefined ? `at most ${atMost}×` : `at least ${atLeast}×`;
  if (against === contestant && againstPoint !== undefined) return `${bound} its own with ${againstPoint}`;
  const which = againstMetric === undefined || againstMetric === metric ? '' : ' heap';
  return `${bound} ${title(against)}${which}`;
}

export function formatVerdict(isMet) {
  if (isMet === undefined) return 'not measured';
  return isMet ? 'met' : 'not met';
}

export function formatDuration(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** What a reader must know before the figures, as sentences. */
export function warnings({ isQuick, othersPercent }) {
  const quick = 'A quick run: it shows that everything works. Its figures mean nothing.';
  const disturbed = `Other programs took up to ${formatValue(othersPercent, '%')} of the machine: these figures are not to be trusted.`;
  return [...(isQuick ? [quick] : []), ...(othersPercent < DISTURBING_PERCENT ? [] : [disturbed])];
}
