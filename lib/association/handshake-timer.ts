/** setTimeout() takes no longer waits. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** More than an event loop that serves many is late by. */
const LATE_MS = 100;

let ranOut: (timer: HandshakeTimer) => void;

/** The one timer of a handshake: runs out at OpenSSL's retransmission or at our deadline, whichever is earlier. */
export class HandshakeTimer {
  static {
    ranOut = (timer) => timer.#ranOut();
  }

  readonly #deadlineAt: number;
  readonly #onTimeout: () => void;
  #timer: NodeJS.Timeout | undefined;
  #late: NodeJS.Immediate | undefined;
  /** When the timer runs out, in performance.now() milliseconds; Infinity without one. */
  #dueAt = Number.POSITIVE_INFINITY;
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
    const now = performance.now();
    const left = Math.max(0, Math.ceil(this.#deadlineAt - now));
    const wait = Math.min(retransmissionMs < 0 ? left : retransmissionMs, left, MAX_TIMER_MS);
    // One that runs out too early does no harm: whoever it wakes finds nothing to do and arms it anew. Most
    // handshakes are over by then, and have set one timer instead of one for each datagram.
    if (this.#dueAt <= now + wait) return;
    this.clear();
    this.#dueAt = now + wait;
    this.#timer = setTimeout(ranOut, wait, this);
    if (!this.#referenced) this.#timer.unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#late);
    this.#timer = this.#late = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  /**
   * One that is late ran out while the process was suspended or busy. What the peer sent meanwhile waits in the socket,
   * which the event loop reads before it comes to immediates.
   */
  #ranOut(): void {
    const isLate = performance.now() - this.#dueAt > LATE_MS;
    this.#dueAt = Number.POSITIVE_INFINITY;
    if (isLate) this.#late = setImmediate(this.#onTimeout);
    else this.#onTimeout();
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
