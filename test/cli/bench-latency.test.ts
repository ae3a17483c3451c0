import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ErrorTally } from '../../lib/cli/bench/error-tally';
import { LatencyHistogram, LatencyRecorder } from '../../lib/cli/bench/latency';
import { Meter, type Second } from '../../lib/cli/bench/meter';
import { type Step, Timeline } from '../../lib/cli/bench/timeline';

/** Latencies of 1 to `count` milliseconds. */
function upTo(count: number): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (let ms = 1; ms <= count; ms++) histogram.record(ms);
  return histogram;
}

describe('a latency histogram', () => {
  test('knows percentiles to three digits', () => {
    const { min, mean, p50, p90, p99, p999, max } = upTo(1000).summary() ?? {};
    expect(min).toBeCloseTo(1, 2);
    const expected = { mean: 500, p50: 500, p90: 900, p99: 990, p999: 999, max: 1000 };
    for (const [name, value] of Object.entries({ mean, p50, p90, p99, p999, max })) {
      const share = (value ?? 0) / expected[name as keyof typeof expected];
      expect(Math.abs(share - 1)).toBeLessThan(0.002);
    }
  });

  test('takes nanoseconds and hours, and cuts what lies beyond', () => {
    const histogram = new LatencyHistogram();
    for (const ms of [-1, 0, 1e-6, 1e9]) histogram.record(ms);
    expect(histogram.summary()).toMatchObject({ min: 0, p50: 0 });
    expect((histogram.summary()?.max ?? 0) / 3_600_000).toBeCloseTo(1, 2);
  });

  test('has no summary when it is empty', () => {
    const histogram = upTo(3);
    histogram.reset();
    expect([histogram.summary(), histogram.brief(), histogram.distribution()]).toEqual([undefined, undefined, []]);
  });

  test('has a distribution that rises from the lowest latency to the highest', () => {
    const points = upTo(1000).distribution();
    expect(points[0]).toEqual({ percentile: 0, ms: 1 });
    expect(points.at(-1)?.percentile).toBeCloseTo(99.9, 1);
    expect((points.at(-1)?.ms ?? 0) / 1000).toBeCloseTo(1, 2);
    expect(points.map(({ ms }) => ms)).toEqual(points.map(({ ms }) => ms).sort((a, b) => a - b));
    expect(points.find(({ percentile }) => percentile >= 90)?.ms).toBeCloseTo(900, -1);
  });
});

test('a recorder tells the step, the second and all apart', () => {
  const recorder = new LatencyRecorder();
  recorder.record(1);
  expect(recorder.endStep()?.max).toBeCloseTo(1, 2);
  expect(recorder.endStep()).toBeUndefined();
  recorder.record(3);
  expect(recorder.endStep()?.p50).toBeCloseTo(3, 2);
  expect(recorder.endSecond()?.p50).toBeCloseTo(1, 2);
  expect(recorder.endSecond()).toBeUndefined();
  expect(recorder.all.summary()?.mean).toBeCloseTo(2, 2);
});

describe('a timeline', () => {
  function step(number: number, sent: number): Step {
    return { end: number, length: 1, counts: { sent }, latency: { p50: number % 3, p99: 10 - number, max: 20 } };
  }

  function filled(count: number, maxSteps = 4): readonly Step[] {
    const timeline = new Timeline(maxSteps);
    for (let number = 1; number <= count; number++) timeline.add(step(number, 1));
    return timeline.steps;
  }

  test('keeps its steps as they are while there is room', () => {
    expect(filled(4)).toEqual([1, 2, 3, 4].map((number) => step(number, 1)));
  });

  test('joins two and two when there is none: counts add up, the worse latency stays', () => {
    expect(filled(5)).toEqual([
      { end: 2, length: 2, counts: { sent: 2 }, latency: { p50: 2, p99: 9, max: 20 } },
      { end: 4, length: 2, counts: { sent: 2 }, latency: { p50: 1, p99: 7, max: 20 } },
      { end: 5, length: 1, counts: { sent: 1 }, latency: { p50: 2, p99: 5, max: 20 } },
    ]);
  });

  test.each([
    [6, 4],
    [7, 4],
    [100, 4],
    [1001, 4],
    [1001, 5],
  ])('stays even after %d steps, at most %d long, and loses no count', (count, maxSteps) => {
    const steps = filled(count, maxSteps);
    expect(steps.length).toBeLessThanOrEqual(maxSteps);
    expect(steps.length).toBeGreaterThan(1);
    expect(steps.reduce((sum, { counts }) => sum + counts.sent, 0)).toBe(count);
    expect(new Set(steps.slice(0, -1).map(({ length }) => length)).size).toBe(1);
    expect(steps.at(-1)?.length).toBeLessThanOrEqual(steps[0].length);
    expect(steps.at(-1)?.end).toBe(count);
  });

  test('adds what is left over to its last step', () => {
    const timeline = new Timeline();
    timeline.add({ end: 1, length: 1, counts: { sent: 5 } });
    timeline.addRest({ end: 1.1, length: 0.1, counts: { sent: 2 }, latency: { p50: 1, p99: 2, max: 3 } });
    expect(timeline.steps).toEqual([
      { end: 1.1, length: 1.1, counts: { sent: 7 }, latency: { p50: 1, p99: 2, max: 3 } },
    ]);
  });

  test('of leftovers alone has one step', () => {
    const timeline = new Timeline();
    timeline.addRest({ end: 0.1, length: 0.1, counts: { sent: 2 } });
    expect(timeline.steps).toEqual([{ end: 0.1, length: 0.1, counts: { sent: 2 } }]);
  });
});

describe('a meter with a fake clock', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  test('tells each second what happened in it, and keeps four steps of it', () => {
    const seconds: Second[] = [];
    const latency = new LatencyRecorder();
    let sent = 0;
    const meter = new Meter(
      () => ({ sent }),
      latency,
      (second) => seconds.push(second),
    );
    sent = 10;
    latency.record(5);
    jest.advanceTimersByTime(1000);
    sent = 40;
    jest.advanceTimersByTime(1000);
    sent = 41;
    jest.advanceTimersByTime(10);
    expect(meter.stop()).toBe(2010);
    expect(seconds).toEqual([
      { elapsedMs: 1000, rates: { sent: 10 }, latency: expect.objectContaining({ max: expect.closeTo(5, 1) }) },
      { elapsedMs: 2000, rates: { sent: 30 }, latency: undefined },
    ]);
    const { steps } = meter.timeline;
    expect(steps.map(({ counts }) => counts.sent)).toEqual([10, 0, 0, 0, 30, 0, 0, 1]);
    expect(steps.at(-1)).toMatchObject({ end: 2.01, length: 0.26 });
  });

  test('ends a second whose last step comes with the end of the phase', () => {
    const seconds: Second[] = [];
    const meter = new Meter(
      () => ({ sent: 1 }),
      new LatencyRecorder(),
      (second) => seconds.push(second),
    );
    jest.advanceTimersByTime(999);
    meter.stop();
    jest.advanceTimersByTime(5000);
    expect(seconds.map(({ elapsedMs }) => elapsedMs)).toEqual([999]);
  });
});

test('errors are counted by their code, and the first of each tells its message', () => {
  const tally = new ErrorTally();
  tally.addError(Object.assign(new Error('first'), { code: 'ERR_DTLS_REFUSED' }));
  tally.addError(new TypeError('odd'));
  tally.addError(new TypeError('odd again'));
  expect(tally.total).toBe(3);
  expect(tally.list()).toEqual([
    { code: 'TypeError', count: 2, message: 'odd' },
    { code: 'ERR_DTLS_REFUSED', count: 1, message: 'first' },
  ]);
});
