const WINDOW_MS = 1000;

/** How much may happen in a second, in all and for each key. Forgets its keys with each second. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #perSecondPerKey: number;
  readonly #spent = new Map<string, number>();
  #total = 0;
  #windowEndMs = 0;

  constructor(perSecond: number, perSecondPerKey: number) {
    this.#perSecond = perSecond;
    this.#perSecondPerKey = perSecondPerKey;
  }

  /** Which of the two bounds stands in the way; undefined: neither does. */
  exceeded(key: string, nowMs: number): 'total' | 'key' | undefined {
    if (nowMs >= this.#windowEndMs) {
      this.#windowEndMs = nowMs + WINDOW_MS;
      this.#total = 0;
      this.#spent.clear();
    }
    // First, so that one key alone is named.
    if ((this.#spent.get(key) ?? 0) >= this.#perSecondPerKey) return 'key';
    return this.#total >= this.#perSecond ? 'total' : undefined;
  }

  /** After `exceeded`: so much has happened. */
  spend(key: string, amount = 1): void {
    this.#spent.set(key, (this.#spent.get(key) ?? 0) + amount);
    this.#total += amount;
  }
}
