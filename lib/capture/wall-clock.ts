const MAX_DRIFT_MS = 10;

/**
 * The time of day in microseconds. `Date.now` has milliseconds only, and what `performance.now` counts knows nothing of
 * a clock that is set, or of a machine that slept.
 */
export class WallClock {
  #originMs = performance.timeOrigin;

  nowUs(): number {
    const elapsedMs = performance.now();
    const dateMs = Date.now();
    if (Math.abs(this.#originMs + elapsedMs - dateMs) > MAX_DRIFT_MS) this.#originMs = dateMs - elapsedMs;
    return Math.floor((this.#originMs + elapsedMs) * 1000);
  }
}
