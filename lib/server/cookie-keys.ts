import { createHmac, randomBytes } from 'node:crypto';

/** A cookie is accepted for one to two windows: long enough for a slow path, short enough to be of no use later. */
const WINDOW_MS = 30_000;

/**
 * The keys of a server's cookies, derived from its secrets and the time window. The window is part of the wall clock,
 * so processes that share the secrets share the keys.
 */
export class CookieKeys {
  #secrets: readonly Uint8Array[] = [];
  #window = Number.NaN;
  #latest: readonly Buffer[] = [];

  constructor(secrets: readonly Uint8Array[] = [randomBytes(32)]) {
    this.use(secrets);
  }

  /** From the next `rotate` on. */
  use(secrets: readonly Uint8Array[]): void {
    this.#secrets = secrets.map((secret) => Buffer.from(secret));
    this.#window = Number.NaN;
  }

  /** The keys when something has changed since the last call, the one that makes cookies first; else undefined. */
  rotate(nowMs: number): readonly Buffer[] | undefined {
    const window = Math.floor(nowMs / WINDOW_MS);
    if (window === this.#window) return undefined;
    this.#window = window;
    // The next one is that of a machine whose clock is ahead.
    const windows = [window, window - 1, window + 1];
    this.#latest = this.#secrets.flatMap((secret) => windows.map((its) => derive(secret, its)));
    return this.#latest;
  }

  /** What `rotate` returned last. */
  get latest(): readonly Buffer[] {
    return this.#latest;
  }
}

function derive(secret: Uint8Array, window: number): Buffer {
  return createHmac('sha256', secret).update(`dtls-association cookie window ${window}`).digest();
}
