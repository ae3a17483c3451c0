import type { DtlsError } from '../errors';
import { isPromise } from '../maybe-promise';
import type { KeepAliveConfig } from '../options/keep-alive';
import type { DtlsAssociation } from './association';
import { deadPeerError } from './failure';

export interface KeepAliveEvents {
  /** Sends the record that peers drop. */
  sendEmpty(): void;
  /** Nothing came from the peer, however often it was asked. */
  dead(error: DtlsError): void;
}

/**
 * Keeps an open association alive, and finds out when its peer is not. What was sent and received is sampled from the
 * counters at each tick of one timer: the path of a message knows nothing of it.
 */
export class KeepAlive {
  readonly #config: KeepAliveConfig;
  readonly #association: DtlsAssociation;
  readonly #events: KeepAliveEvents;
  #sent = 0;
  #received = 0;
  #silentTicks = 0;
  #unanswered = 0;
  /** Why the peer could not be asked. */
  #cause: unknown;
  #timer: NodeJS.Timeout | undefined;
  /** In performance.now() milliseconds. */
  #tickedAtMs = 0;

  constructor(config: KeepAliveConfig, association: DtlsAssociation, events: KeepAliveEvents) {
    this.#config = config;
    this.#association = association;
    this.#events = events;
  }

  start(): void {
    const { datagramsSent, messagesReceived } = this.#association.stats;
    this.#sent = datagramsSent;
    this.#received = messagesReceived;
    this.#tickedAtMs = performance.now();
    // The transport decides whether the association keeps the process alive.
    this.#timer = setInterval(() => this.#tick(), this.#config.tickMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const { stats } = this.#association;
    const missed = this.#missedTicks();
    this.#silentTicks = missed + (stats.datagramsSent === this.#sent ? this.#silentTicks + 1 : 0);
    // What the peer answered meanwhile waits in the socket.
    if (missed > 0) this.#answered();
    if (this.#silentTicks >= this.#config.silentTicks) {
      this.#silentTicks = 0;
      this.#keepAlive();
    }
    this.#sent = stats.datagramsSent;
  }

  /** While the process was suspended, say: nothing was sent, and nothing read. */
  #missedTicks(): number {
    const now = performance.now();
    const ticks = Math.floor((now - this.#tickedAtMs) / this.#config.tickMs);
    this.#tickedAtMs = now;
    return Math.max(0, ticks - 1);
  }

  #keepAlive(): void {
    const { message, probe, maxUnanswered } = this.#config;
    const { stats, remote } = this.#association;
    if (message === undefined && probe === undefined) {
      stats.keepAlivesSent++;
      this.#events.sendEmpty();
      return;
    }
    if (stats.messagesReceived !== this.#received) this.#answered();
    this.#received = stats.messagesReceived;
    if (this.#unanswered >= maxUnanswered) {
      this.stop();
      this.#events.dead(deadPeerError(remote, maxUnanswered, this.#cause));
      return;
    }
    this.#unanswered++;
    stats.keepAlivesSent++;
    this.#ask();
  }

  /** A callback of the user that fails has got no answer either; what it threw is told with the error. */
  #ask(): void {
    const { message, probe } = this.#config;
    const failed = (error: unknown): void => {
      this.#cause = error;
    };
    const said = (answer: boolean): void => {
      if (answer === true) this.#answered();
    };
    try {
      if (message !== undefined) this.#association.send(message());
      const answer = probe?.(this.#association) ?? false;
      if (isPromise(answer)) answer.then(said, failed);
      else said(answer);
    } catch (error) {
      failed(error);
    }
  }

  #answered(): void {
    this.#unanswered = 0;
    this.#cause = undefined;
  }
}
