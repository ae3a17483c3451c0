import { createHmac, randomBytes } from 'node:crypto';

/** A cookie is accepted for one to two windows: long enough for a slow path, short enough to be of no use later. */
const WINDOW_MS = 30_000;

export interface CookieKeyPair {
  current: Uint8Array;
  previous: Uint8Array;
}

/**
 * The keys of a server's cookies, one a time window, derived from a secret. The window is part of the wall clock,
 * so processes that share the secret share the keys.
 */
export class CookieKeys {
  readonly #secret: Uint8Array;
  #window = Number.NaN;
  #pair: CookieKeyPair | undefined;

  constructor(secret: Uint8Array = randomBytes(32)) {
    this.#secret = secret;
  }

  /** The keys when the window has changed since the last call; undefined when it has not. */
  rotate(nowMs: number): CookieKeyPair | undefined {
    const window = Math.floor(nowMs / WINDOW_MS);
    if (window === this.#window) return undefined;
    this.#window = window;
    this.#pair = { current: this.#derive(window), previous: this.#derive(window - 1) };
    return this.#pair;
  }

  /** What `rotate` returned last. */
  get latest(): CookieKeyPair | undefined {
    return this.#pair;
  }

  #derive(window: number): Buffer {
    return createHmac('sha256', this.#secret).update(`dtls-association cookie window ${window}`).digest();
  }
}
