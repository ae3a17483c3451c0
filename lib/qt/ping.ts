export interface PingEvents {
  /** Sends one ping; what it throws stops the pings. */
  send(text: string): void;
  failed(reason: string): void;
}

/** The ping of Qt's DTLS client example: one at once, then one each interval, counted from 0. */
export class PingTimer {
  readonly #name: string;
  readonly #intervalMs: number;
  readonly #events: PingEvents;
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(name: string, intervalMs: number, events: PingEvents) {
    this.#name = name;
    this.#intervalMs = intervalMs;
    this.#events = events;
  }

  start(): void {
    // The transport decides whether the association keeps the process alive, not its ping.
    this.#timer = setInterval(() => this.#ping(), this.#intervalMs).unref();
    this.#ping();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #ping(): void {
    try {
      this.#events.send(`I am ${this.#name}, please, accept our ping ${this.#count}`);
      this.#count++;
    } catch (error) {
      this.stop();
      this.#events.failed((error as Error).message);
    }
  }
}
