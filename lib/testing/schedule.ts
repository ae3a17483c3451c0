interface Entry {
  readonly dueMs: number;
  readonly run: () => void;
}

/**
 * Calls that are due later, in order, by performance.now() and one setTimeout(): whatever a test has put in their
 * place.
 */
export class Schedule {
  readonly #entries: Entry[] = [];
  #timer: NodeJS.Timeout | undefined;

  get size(): number {
    return this.#entries.length;
  }

  /** What is due at the same time is called in the order of these calls. */
  after(delayMs: number, run: () => void): void {
    const dueMs = performance.now() + delayMs;
    const before = this.#entries.findLastIndex((entry) => entry.dueMs <= dueMs);
    this.#entries.splice(before + 1, 0, { dueMs, run });
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const [next] = this.#entries;
    if (next !== undefined) this.#timer = setTimeout(this.#onDue, Math.ceil(next.dueMs - performance.now()));
  }

  readonly #onDue = (): void => {
    const now = performance.now();
    while (this.#entries[0] !== undefined && this.#entries[0].dueMs <= now) this.#entries.shift()?.run();
    this.#arm();
  };
}
