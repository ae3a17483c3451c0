import type { PeerEntry } from './peer';

/** An idle association is found within an eighth of the timeout. */
const TICKS_OF_TIMEOUT = 8;

/** Finds open associations from which no message came for a time. One timer for all, and nothing for each message. */
export class IdleWatch {
  readonly #entries: () => PeerEntry[];
  readonly #onIdle: (entry: PeerEntry) => void;
  #timer: NodeJS.Timeout | undefined;
  #tickMs = 0;
  /** In performance.now() milliseconds. */
  #tickedAtMs = 0;

  constructor(entries: () => PeerEntry[], onIdle: (entry: PeerEntry) => void) {
    this.#entries = entries;
    this.#onIdle = onIdle;
  }

  /** Takes the place of what was watched for before. */
  start(timeoutMs: number): void {
    this.stop();
    for (const entry of this.#entries()) entry.idleTicks = 0;
    this.#tickMs = Math.ceil(timeoutMs / TICKS_OF_TIMEOUT);
    this.#tickedAtMs = performance.now();
    this.#timer = setInterval(() => this.#tick(), this.#tickMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    // Suspended, say. What peers said meanwhile waits in the socket, and our absence is no silence of theirs.
    const wasAway = now - this.#tickedAtMs >= 2 * this.#tickMs;
    this.#tickedAtMs = now;
    for (const entry of this.#entries()) {
      const { stats, state } = entry.association;
      // A handshake may take longer than the timeout: it has a deadline of its own.
      const isIdle = state === 'open' && stats.messagesReceived === entry.seenMessages;
      if (!isIdle) entry.idleTicks = 0;
      else if (!wasAway) entry.idleTicks++;
      entry.seenMessages = stats.messagesReceived;
      if (entry.idleTicks >= TICKS_OF_TIMEOUT) this.#onIdle(entry);
    }
  }
}
