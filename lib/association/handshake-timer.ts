/** setTimeout() takes no longer waits. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The one timer of a handshake: runs out at OpenSSL's retransmission or at our deadline, whichever is earlier. */
export class HandshakeTimer {
  readonly #deadlineAt: number;
  readonly #onTimeout: () => void;
  #timer: NodeJS.Timeout | undefined;
  #referenced = true;

  /** `deadlineAt` is in performance.now() milliseconds. */
  constructor(deadlineAt: number, onTimeout: () => void) {
    this.#deadlineAt = deadlineAt;
    this.#onTimeout = onTimeout;
  }

  get isPastDeadline(): boolean {
    return performance.now() >= this.#deadlineAt;
  }

  /** `retransmissionMs` as `Session.timeoutMs`: negative when OpenSSL waits for nothing. */
  arm(retransmissionMs: number): void {
    clearTimeout(this.#timer);
    const left = Math.max(0, Math.ceil(this.#deadlineAt - performance.now()));
    const wait = retransmissionMs < 0 ? left : Math.min(retransmissionMs, left);
    this.#timer = setTimeout(this.#onTimeout, Math.min(wait, MAX_TIMER_MS));
    if (!this.#referenced) this.#timer.unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  ref(): void {
    this.#referenced = true;
    this.#timer?.ref();
  }

  unref(): void {
    this.#referenced = false;
    this.#timer?.unref();
  }
}
