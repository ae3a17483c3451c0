// Draws the charts of a report. Runs in the browser, after uPlot.
const { handshakes, messages, distribution, answersExpected } = JSON.parse(
  document.getElementById('course').textContent,
);

const HEIGHT = 210;
/** Of handshakes, which are mostly over soon: two seconds. */
const STEPS_WORTH_A_CHART = 8;
/** Two hexadecimal digits behind those of a colour. */
const FILL_ALPHA = '26';
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const threeDigits = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });

/** A formatter that shows nothing where there is no value. */
const shown = (format) => (value) => (value == null ? '–' : format(value));
const perSecond = shown((value) => (value < 100 ? threeDigits : whole).format(value));
const seconds = shown((value) => `${threeDigits.format(value)} s`);
const duration = shown((ms) => {
  if (ms < 1) return `${threeDigits.format(ms * 1000)} µs`;
  return ms < 1000 ? `${threeDigits.format(ms)} ms` : `${threeDigits.format(ms / 1000)} s`;
});
/** Percentiles are drawn by their nines: 90 % is 1, 99 % is 2, 99.9 % is 3. */
const ninesOf = (percentile) => -Math.log10(1 - percentile / 100);
const percentile = shown((nines) => {
  return `${(100 * (1 - 10 ** -nines)).toFixed(Math.max(0, Math.ceil(nines - 1e-6) - 2))} %`;
});

/** What happened in each step, per second. */
function rates(steps, name) {
  return steps.map(({ counts, length }) => counts[name] / length);
}

function latencies(steps, name) {
  return steps.map(({ latency }) => latency?.[name] ?? null);
}

function overTime(steps, title, format, isLogarithmic, lines) {
  const x = { label: 'time', values: steps.map(({ end }) => end), format: seconds };
  return { title, x, format, isLogarithmic, lines };
}

function charts() {
  const found = [];
  if (messages.length > 1) {
    const sent = { label: 'sent', colour: 'blue', values: rates(messages, 'sent') };
    const answered = { label: 'answered', colour: 'green', values: rates(messages, 'answered'), isFilled: true };
    const lost = { label: 'lost', colour: 'red', values: rates(messages, 'lost') };
    const lines = answersExpected ? [answered, { ...sent, isDashed: true }, lost] : [{ ...sent, isFilled: true }];
    found.push(overTime(messages, 'Messages per second', perSecond, false, lines));
  }
  if (messages.filter(({ latency }) => latency !== undefined).length > 1) {
    const latencyLines = [
      { label: 'p50', colour: 'green', values: latencies(messages, 'p50') },
      { label: 'p99', colour: 'orange', values: latencies(messages, 'p99') },
      { label: 'max', colour: 'red', values: latencies(messages, 'max') },
    ];
    found.push(overTime(messages, 'Latency', duration, true, latencyLines));
  }
  if (distribution.length > 1) {
    found.push({
      title: 'Latency by percentile',
      x: {
        label: 'percentile',
        values: distribution.map((point) => ninesOf(point.percentile)),
        format: percentile,
        areNines: true,
      },
      format: duration,
      isLogarithmic: true,
      lines: [{ label: 'latency', colour: 'green', values: distribution.map(({ ms }) => ms), isFilled: true }],
    });
  }
  if (handshakes.length >= STEPS_WORTH_A_CHART) {
    const handshakeLines = [
      { label: 'completed', colour: 'green', values: rates(handshakes, 'opened'), isFilled: true },
      { label: 'failed', colour: 'red', values: rates(handshakes, 'failed') },
    ];
    found.push(overTime(handshakes, 'Handshakes per second', perSecond, false, handshakeLines));
  }
  return found;
}

function draw(chart, parent) {
  const card = parent.appendChild(document.createElement('div'));
  card.appendChild(document.createElement('h2')).textContent = chart.title;
  const plot = card.appendChild(document.createElement('div'));
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const axis = { stroke: colour('faint'), grid: { stroke: colour('line'), width: 1 }, ticks: { show: false } };
  const { x, format, isLogarithmic, lines } = chart;
  const u = new uPlot(
    {
      width: plot.clientWidth,
      height: HEIGHT,
      scales: {
        x: { time: false, range: xRange },
        y: { distr: isLogarithmic ? 3 : 1, ...(!isLogarithmic && { range: fromZero }) },
      },
      axes: [
        {
          ...axis,
          size: 34,
          values: (_u, splits) => splits.map(x.format),
          ...(x.areNines && { splits: wholeNumbers }),
        },
        {
          ...axis,
          grid: { ...axis.grid, ...(isLogarithmic && { filter: decades }) },
          size: 70,
          values: (_u, splits) => splits.map((value) => (value === null ? '' : format(value))),
        },
      ],
      series: [
        { label: x.label, value: (_u, value) => x.format(value) },
        ...lines.map((line) => ({
          label: line.label,
          stroke: colour(line.colour),
          width: 2,
          ...(line.isFilled && { fill: `${colour(line.colour)}${FILL_ALPHA}` }),
          ...(line.isDashed && { dash: [6, 4] }),
          points: { show: false },
          value: (_u, value) => format(value),
        })),
      ],
    },
    [x.values, ...lines.map(({ values }) => values)],
    plot,
  );
  new ResizeObserver(() => u.setSize({ width: plot.clientWidth, height: HEIGHT })).observe(plot);
}

/** Time starts with the phase, not with the end of its first step. */
function xRange(_u, _min, max) {
  return [0, max];
}

/** Grid lines for powers of ten only, unless there would be too few. */
function decades(_u, splits) {
  const powers = splits.filter((value) => Number.isInteger(Math.log10(value)));
  return powers.length < 3 ? splits : splits.map((value) => (powers.includes(value) ? value : null));
}

function fromZero(_u, _min, max) {
  return [0, max > 0 ? max * 1.1 : 1];
}

function wholeNumbers(_u, _axis, min, max) {
  const first = Math.ceil(min);
  return Array.from({ length: Math.floor(max) - first + 1 }, (_, number) => first + number);
}

function drawAll() {
  const parent = document.getElementById('charts');
  parent.replaceChildren();
  for (const chart of charts()) draw(chart, parent);
}

drawAll();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
