import type { BriefLatency } from './latency';

/** A stretch of a phase. */
export interface Step {
  /** Seconds from the start of the phase to the end of the stretch. */
  end: number;
  /** Seconds. */
  length: number;
  /** What happened in it, how often. */
  counts: Readonly<Record<string, number>>;
  /** Absent when nothing was measured. */
  latency?: BriefLatency;
}

/**
 * The course of a phase in at most `maxSteps` steps. When there are more, two neighbours become one from then on:
 * their counts add up, and of their latencies the worse stay.
 */
export class Timeline {
  readonly #maxSteps: number;
  #steps: Step[] = [];
  /** How many steps as they were added make one. */
  #scale = 1;
  /** How many of them the last one has. */
  #inLast = 1;

  constructor(maxSteps = 2000) {
    this.#maxSteps = maxSteps;
  }

  get steps(): readonly Step[] {
    return this.#steps;
  }

  add(step: Step): void {
    if (this.#inLast < this.#scale) {
      this.addRest(step);
      this.#inLast++;
      return;
    }
    this.#steps.push(step);
    this.#inLast = 1;
    if (this.#steps.length > this.#maxSteps) this.#halve();
  }

  /** What is left over at the end of a phase: too short for a rate of its own. */
  addRest(step: Step): void {
    const last = this.#steps.pop();
    this.#steps.push(last === undefined ? step : merge(last, step));
  }

  #halve(): void {
    const halved: Step[] = [];
    for (let i = 0; i < this.#steps.length; i += 2) {
      const [first, second] = this.#steps.slice(i, i + 2);
      halved.push(second === undefined ? first : merge(first, second));
    }
    // The last step is incomplete; with an even number of them it was joined to a complete one.
    if (this.#steps.length % 2 === 0) this.#inLast += this.#scale;
    this.#steps = halved;
    this.#scale *= 2;
  }
}

function merge(first: Step, second: Step): Step {
  const counts = Object.entries(first.counts).map(([name, count]) => [name, count + (second.counts[name] ?? 0)]);
  const latency = worse(first.latency, second.latency);
  return {
    end: second.end,
    length: first.length + second.length,
    counts: Object.fromEntries(counts),
    ...(latency !== undefined && { latency }),
  };
}

function worse(first: BriefLatency | undefined, second: BriefLatency | undefined): BriefLatency | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return {
    p50: Math.max(first.p50, second.p50),
    p99: Math.max(first.p99, second.p99),
    max: Math.max(first.max, second.max),
  };
}
