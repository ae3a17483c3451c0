/** Timers are late by a millisecond and more, so the last part of a wait is spent polling. */
const POLLED_MS = 2;

/**
 * Calls `turn` once in a turn of the event loop, so that answers get their turn too, until it returns undefined.
 * Otherwise it returns for how many milliseconds there is nothing to do.
 */
export class TurnLoop {
  readonly #turn: () => number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(turn: () => number | undefined) {
    this.#turn = turn;
  }

  start(): void {
    this.#run();
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }

  readonly #run = (): void => {
    const waitMs = this.#turn();
    if (waitMs === undefined) return;
    if (waitMs > POLLED_MS) this.#timer = setTimeout(this.#run, waitMs - POLLED_MS);
    else this.#immediate = setImmediate(this.#run);
  };
}
