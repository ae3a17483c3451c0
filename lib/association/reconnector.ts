import { isClosedError } from '../endpoints/endpoint';
import { DtlsError } from '../errors';
import type { ReconnectConfig } from '../options/reconnect';
import type { ReconnectInfo } from './events';

const NO_SESSION = new Uint8Array();

/** When a client that lost its association tries again, and the session that it offers then. */
export class Reconnector {
  readonly #config: ReconnectConfig;
  readonly #random: () => number;
  readonly #onDue: () => void;
  #attempts = 0;
  #session: Uint8Array;
  /** By the wall clock. */
  #sessionExpiresMs = Number.POSITIVE_INFINITY;
  /** Of an association that was not lost yet, in performance.now() milliseconds. */
  #openedAtMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `session` is offered first. */
  constructor(config: ReconnectConfig, session: Uint8Array, onDue: () => void, random = Math.random) {
    this.#config = config;
    this.#random = random;
    this.#session = session;
    this.#onDue = onDue;
  }

  /** To offer with the next attempt, as `ClientSessionOptions.session`. */
  get session(): Uint8Array {
    // Who resumes is not verified anew: that must not go on for ever.
    return Date.now() < this.#sessionExpiresMs ? this.#session : NO_SESSION;
  }

  /** Connected, and this is the session now. */
  succeeded(session: Uint8Array, expiresMs: number): void {
    this.#openedAtMs = performance.now();
    this.#session = session;
    this.#sessionExpiresMs = expiresMs;
  }

  /** The attempt after a loss, or after an attempt that failed; undefined: that was the last. */
  next(error: Error | undefined): ReconnectInfo | undefined {
    if (isClosedError(error?.cause)) return undefined;
    const { initialDelayMs, maxDelayMs, maxAttempts } = this.#config;
    // A server that lets everybody in and drops them at once is none to come back to without delay.
    const wasStable = this.#openedAtMs !== undefined && performance.now() - this.#openedAtMs >= maxDelayMs;
    if (wasStable) this.#attempts = 0;
    this.#openedAtMs = undefined;
    if (this.#attempts >= maxAttempts) return undefined;
    if (DtlsError.is(error) && spoilsSession(error)) this.#session = NO_SESSION;
    const delayMs = Math.min(initialDelayMs * 2 ** this.#attempts, maxDelayMs);
    // Else the clients of a server that starts again would come all at once.
    return { attempt: ++this.#attempts, delayMs: Math.round(delayMs * (0.75 + this.#random() / 2)), error };
  }

  /** Calls `onDue` after the delay, and not before what the former attempt used is released: a local port, say. */
  wait(delayMs: number, released: Promise<void>, isReferenced: boolean): void {
    this.#timer = setTimeout(() => released.then(this.#onDue), delayMs);
    if (!isReferenced) this.#timer.unref();
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }

  ref(): void {
    this.#timer?.ref();
  }

  unref(): void {
    this.#timer?.unref();
  }
}

/**
 * A fatal alert ends the session, too (RFC 5246 section 7.2.2), and one that was offered to a server that answered with
 * its ServerHello may be why the attempt failed. Silence and noise say nothing about it.
 */
function spoilsSession({ alert, handshake }: DtlsError): boolean {
  return alert !== undefined || handshake?.cipher !== undefined;
}
