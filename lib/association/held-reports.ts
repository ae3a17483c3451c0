/**
 * What comes in the turn in which an association opens waits here: whoever awaits `opened` must have time to listen.
 */
export class HeldReports {
  #reports: Array<() => void> | undefined;

  get isHolding(): boolean {
    return this.#reports !== undefined;
  }

  /** From now until the microtasks of this turn have run. */
  hold(): void {
    this.#reports = [];
    queueMicrotask(() =>
      process.nextTick(() => {
        const reports = this.#reports ?? [];
        this.#reports = undefined;
        for (const report of reports) report();
      }),
    );
  }

  /** Reports at once when nothing is held. */
  report(report: () => void): void {
    if (this.#reports === undefined) report();
    else this.#reports.push(report);
  }
}
