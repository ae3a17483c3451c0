import type { BriefLatency, LatencyRecorder } from './latency';
import { type Step, Timeline } from './timeline';

const STEP_MS = 250;
const STEPS_PER_SECOND = 1000 / STEP_MS;

/** Counters by name, which only grow. */
export type Counts = Readonly<Record<string, number>>;

/** A second of a phase. */
export interface Second {
  /** From the start of the phase. */
  elapsedMs: number;
  /** What happened in it, per second. */
  rates: Counts;
  latency: BriefLatency | undefined;
}

/** Follows the counters and latencies of a phase: a step of the timeline four times a second, and a call each second. */
export class Meter {
  readonly timeline = new Timeline();
  readonly #counts: () => Counts;
  readonly #latency: LatencyRecorder;
  readonly #onSecond: (second: Second) => void;
  readonly #startedAt = performance.now();
  readonly #timer = setInterval(() => this.#addStep(this.#endStep()), STEP_MS);
  #step: Mark;
  #second: Mark;
  #steps = 0;

  /** Starts at once. */
  constructor(counts: () => Counts, latency: LatencyRecorder, onSecond: (second: Second) => void) {
    this.#counts = counts;
    this.#latency = latency;
    this.#onSecond = onSecond;
    this.#step = { at: this.#startedAt, counts: counts() };
    this.#second = this.#step;
  }

  /** Ends the phase. Returns how many milliseconds it took. */
  stop(): number {
    clearInterval(this.#timer);
    const rest = this.#endStep();
    if (rest.length * 1000 < STEP_MS / 2) this.timeline.addRest(rest);
    else this.#addStep(rest);
    return this.#step.at - this.#startedAt;
  }

  #addStep(step: Step): void {
    this.timeline.add(step);
    if (++this.#steps % STEPS_PER_SECOND !== 0) return;
    const { at, counts } = this.#step;
    this.#onSecond({
      elapsedMs: at - this.#startedAt,
      rates: perSecond(difference(counts, this.#second.counts), at - this.#second.at),
      latency: this.#latency.endSecond(),
    });
    this.#second = this.#step;
  }

  #endStep(): Step {
    const last = this.#step;
    const step = { at: performance.now(), counts: this.#counts() };
    this.#step = step;
    const latency = this.#latency.endStep();
    return {
      end: (step.at - this.#startedAt) / 1000,
      length: (step.at - last.at) / 1000,
      counts: difference(step.counts, last.counts),
      ...(latency !== undefined && { latency }),
    };
  }
}

interface Mark {
  at: number;
  counts: Counts;
}

function difference(now: Counts, before: Counts): Counts {
  return Object.fromEntries(Object.entries(now).map(([name, count]) => [name, count - before[name]]));
}

function perSecond(counts: Counts, ms: number): Counts {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, (count * 1000) / ms]));
}
