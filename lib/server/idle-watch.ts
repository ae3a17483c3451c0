import type { PeerEntry } from './peer';

/** An idle association is found within an eighth of the timeout. */
const TICKS_OF_TIMEOUT = 8;

/** Finds open associations from which no message came for a time. One timer for all, and nothing for each message. */
export class IdleWatch {
  readonly #entries: () => PeerEntry[];
  readonly #onIdle: (entry: PeerEntry) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(entries: () => PeerEntry[], onIdle: (entry: PeerEntry) => void) {
    this.#entries = entries;
    this.#onIdle = onIdle;
  }

  /** Takes the place of what was watched for before. */
  start(timeoutMs: number): void {
    this.stop();
    for (const entry of this.#entries()) entry.idleTicks = 0;
    this.#timer = setInterval(() => this.#tick(), Math.ceil(timeoutMs / TICKS_OF_TIMEOUT)).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    for (const entry of this.#entries()) {
      const { stats, state } = entry.association;
      // A handshake may take longer than the timeout: it has a deadline of its own.
      const isIdle = state === 'open' && stats.messagesReceived === entry.seenMessages;
      entry.idleTicks = isIdle ? entry.idleTicks + 1 : 0;
      entry.seenMessages = stats.messagesReceived;
      if (entry.idleTicks >= TICKS_OF_TIMEOUT) this.#onIdle(entry);
    }
  }
}
