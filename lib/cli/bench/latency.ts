import { createHistogram } from 'node:perf_hooks';
import { roundMs } from '../connected';

/** HdrHistogram's values are nanoseconds here, up to an hour, each known to 3 digits. */
const RANGE = { lowest: 1, highest: 3_600_000_000_000, figures: 3 };
const NS_PER_MS = 1_000_000;
/** Points of a distribution for each further nine of its percentiles. */
const POINTS_PER_NINE = 20;

/** Milliseconds to the microsecond. */
export interface Latency {
  min: number;
  mean: number;
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  max: number;
}

export type BriefLatency = Pick<Latency, 'p50' | 'p99' | 'max'>;

/** So many milliseconds were not exceeded by this percentage of the latencies. */
export interface PercentilePoint {
  percentile: number;
  ms: number;
}

/** An HdrHistogram of milliseconds. */
export class LatencyHistogram {
  readonly #histogram = createHistogram(RANGE);

  record(ms: number): void {
    this.#histogram.record(Math.min(Math.max(Math.round(ms * NS_PER_MS), RANGE.lowest), RANGE.highest));
  }

  add(other: LatencyHistogram): void {
    this.#histogram.add(other.#histogram);
  }

  reset(): void {
    this.#histogram.reset();
  }

  /** Undefined when nothing was recorded. */
  brief(): BriefLatency | undefined {
    const { count, max } = this.#histogram;
    return count === 0 ? undefined : { p50: this.#percentile(50), p99: this.#percentile(99), max: toMs(max) };
  }

  /** Undefined when nothing was recorded. */
  summary(): Latency | undefined {
    const brief = this.brief();
    if (brief === undefined) return undefined;
    const { min, mean } = this.#histogram;
    return {
      min: toMs(min),
      mean: toMs(mean),
      p50: brief.p50,
      p90: this.#percentile(90),
      p99: brief.p99,
      p999: this.#percentile(99.9),
      max: brief.max,
    };
  }

  /** From the lowest to the one in `count` that was the highest, in steps that get finer with each nine. */
  distribution(): PercentilePoint[] {
    const { count, min } = this.#histogram;
    if (count === 0) return [];
    const steps = Math.ceil(Math.log10(count) * POINTS_PER_NINE);
    const higher = Array.from({ length: steps }, (_, step) => {
      const percentile = 100 * (1 - 10 ** (-(step + 1) / POINTS_PER_NINE));
      return { percentile, ms: this.#percentile(percentile) };
    });
    return [{ percentile: 0, ms: toMs(min) }, ...higher];
  }

  #percentile(percentile: number): number {
    return toMs(this.#histogram.percentile(percentile));
  }
}

/** The latencies of a phase: of the step that runs, of the second that runs, and of all that is over. */
export class LatencyRecorder {
  readonly all = new LatencyHistogram();
  readonly #step = new LatencyHistogram();
  readonly #second = new LatencyHistogram();

  record(ms: number): void {
    this.#step.record(ms);
  }

  /** The latencies of the step that ends. */
  endStep(): BriefLatency | undefined {
    this.#second.add(this.#step);
    this.all.add(this.#step);
    return take(this.#step);
  }

  /** The latencies of the second that ends, which is the end of a step, too. */
  endSecond(): BriefLatency | undefined {
    return take(this.#second);
  }
}

function take(histogram: LatencyHistogram): BriefLatency | undefined {
  const brief = histogram.brief();
  histogram.reset();
  return brief;
}

function toMs(ns: number): number {
  return roundMs(ns / NS_PER_MS);
}
