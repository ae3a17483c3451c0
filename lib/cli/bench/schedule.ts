/**
 * When each message of an open-loop run should leave: evenly spaced from the start, whatever has happened since.
 * Latency counts from these times, so that a message that had to wait for a slow server or a busy client is not
 * measured as if it had been sent later (coordinated omission).
 */
export class Schedule {
  readonly #intervalMs: number;
  readonly #total: number;
  #startedAt = 0;

  /** `total` messages, `rate` of them a second. */
  constructor(rate: number, total: number) {
    this.#intervalMs = 1000 / rate;
    this.#total = total;
  }

  /** The first message is due at `now`. All times are those of performance.now(). */
  start(now: number): void {
    this.#startedAt = now;
  }

  /** The time of the message with this number, counted from 0. */
  timeOf(message: number): number {
    return this.#startedAt + message * this.#intervalMs;
  }

  /** How many messages have their time at `now` or before. */
  dueBy(now: number): number {
    return Math.min(this.#total, Math.floor((now - this.#startedAt) / this.#intervalMs) + 1);
  }
}
