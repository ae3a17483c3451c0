import type { LatencyHistogram } from './latency';
import type { Plan } from './plan';
import { Schedule } from './schedule';
import { TurnLoop } from './turn-loop';

/** Decides when the next message leaves, and on which association. */
export interface Pacer {
  /** Returns soon; messages go on leaving until `stop`. */
  start(): void;
  stop(): void;
  /** A message of this association was answered, or given up as lost. */
  freed(association: number, now: number): void;
  /** Messages that should have left by `now`; undefined when nothing says how many. */
  dueBy(now: number): number | undefined;
}

/** What a pacer sends with. `at` is when a message is due, `now` when it leaves; both of performance.now(). */
export interface Sender {
  /** How much later than it should a message left. */
  readonly lag: LatencyHistogram;
  /** Sends a message on this association, unless it has ended. */
  send(association: number, at: number, now: number): void;
  /** Sends a message on the association whose turn it is; false when none has room. */
  sendNext(at: number, now: number): boolean;
}

const MESSAGES_PER_TURN = 64;

export function createPacer(plan: Plan, associations: number, sender: Sender): Pacer {
  if (plan.rate !== undefined) return new RatePacer(plan.rate, plan.durationMs, sender);
  if (plan.window !== undefined) return new WindowPacer(associations, plan.window, sender);
  return new FloodPacer(sender);
}

/** Open loop: messages leave when they are due, whether the ones before are answered or not. */
class RatePacer implements Pacer {
  readonly #total: number;
  readonly #schedule: Schedule;
  readonly #sender: Sender;
  readonly #loop = new TurnLoop(() => this.#turn());
  #sent = 0;

  constructor(rate: number, durationMs: number, sender: Sender) {
    this.#total = Math.max(1, Math.round((rate * durationMs) / 1000));
    this.#schedule = new Schedule(rate, this.#total);
    this.#sender = sender;
  }

  start(): void {
    this.#schedule.start(performance.now());
    this.#loop.start();
  }

  stop(): void {
    this.#loop.stop();
  }

  freed(): void {}

  dueBy(now: number): number {
    return this.#schedule.dueBy(now);
  }

  #turn(): number | undefined {
    const schedule = this.#schedule;
    let now = performance.now();
    const last = Math.min(schedule.dueBy(now), this.#sent + MESSAGES_PER_TURN);
    while (this.#sent < last) {
      const dueAt = schedule.timeOf(this.#sent);
      if (!this.#sender.sendNext(dueAt, now)) break;
      this.#sender.lag.record(now - dueAt);
      this.#sent++;
      now = performance.now();
    }
    return this.#sent === this.#total ? undefined : schedule.timeOf(this.#sent) - now;
  }
}

/** Closed loop: keeps so many messages in flight on each association. */
class WindowPacer implements Pacer {
  readonly #associations: number;
  /** Messages that start the loop, one round of all associations after the other. */
  readonly #initial: number;
  readonly #sender: Sender;
  readonly #loop = new TurnLoop(() => this.#fill());
  #sent = 0;
  #isStopped = false;

  constructor(associations: number, window: number, sender: Sender) {
    this.#associations = associations;
    this.#initial = associations * window;
    this.#sender = sender;
  }

  start(): void {
    this.#loop.start();
  }

  stop(): void {
    this.#isStopped = true;
    this.#loop.stop();
  }

  freed(association: number, now: number): void {
    if (!this.#isStopped) this.#sender.send(association, now, now);
  }

  dueBy(): undefined {}

  #fill(): number | undefined {
    const last = Math.min(this.#initial, this.#sent + MESSAGES_PER_TURN);
    while (this.#sent < last) {
      const now = performance.now();
      this.#sender.send(this.#sent++ % this.#associations, now, now);
    }
    return this.#sent === this.#initial ? undefined : 0;
  }
}

/** One way and flat out: as much as the system takes. */
class FloodPacer implements Pacer {
  readonly #sender: Sender;
  readonly #loop = new TurnLoop(() => this.#turn());

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  start(): void {
    this.#loop.start();
  }

  stop(): void {
    this.#loop.stop();
  }

  freed(): void {}

  dueBy(): undefined {}

  #turn(): number {
    const now = performance.now();
    for (let sent = 0; sent < MESSAGES_PER_TURN && this.#sender.sendNext(now, now); sent++);
    return 0;
  }
}
