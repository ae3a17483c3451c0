import type { RemoteAddress } from '../address';
import { Impairer, type Impairments } from './impairments';
import { asLate, deliverAll, type Rule } from './rules';
import { Schedule } from './schedule';

/** One direction of a network: what is sent is seen by the lane's rule, then impaired, then arrives. */
export class Lane {
  /** Every datagram that was sent, whatever became of it: `sent[2]` is the third. */
  readonly sent: Buffer[] = [];
  /** What becomes of each datagram; by default it arrives. */
  rule: Rule = deliverAll;
  readonly #random: () => number;
  readonly #schedule = new Schedule();
  #impairer: Impairer | undefined;
  #immediates = 0;
  #isCut = false;
  #held: Array<() => void> | undefined;

  /** @internal */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** How many datagrams are on their way. */
  get inFlight(): number {
    return this.#immediates + this.#schedule.size;
  }

  /** From now on, instead of what was said before; nothing without an argument. Throws `ERR_DTLS_OPTION`. */
  impair(impairments: Impairments = {}): void {
    this.#impairer = new Impairer(impairments, this.#random);
  }

  /** What is sent from now on waits for `release`. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const deliver of held) deliver();
  }

  /** What is sent from now on is lost, until `heal`. */
  cut(): void {
    this.#isCut = true;
  }

  heal(): void {
    this.#isCut = false;
  }

  /** @internal Takes a datagram of a client or for it. */
  carry(datagram: Uint8Array, client: RemoteAddress, arrive: (datagram: Buffer) => void): void {
    const view = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    const n = this.sent.push(view) - 1;
    const passing = this.rule(view, n, client).map(asLate);
    if (this.#isCut) return;
    for (const { datagram: bytes, delayMs } of passing) {
      for (const arriving of this.#impairer?.apply(bytes) ?? [{ datagram: bytes, delayMs: 0 }]) {
        const deliver = (): void => this.deliver(arriving.datagram, arrive, delayMs + arriving.delayMs);
        if (this.#held === undefined) deliver();
        else this.#held.push(deliver);
      }
    }
  }

  /** @internal */
  deliver(datagram: Buffer, arrive: (datagram: Buffer) => void, delayMs = 0): void {
    if (delayMs > 0) {
      this.#schedule.after(delayMs, () => arrive(datagram));
      return;
    }
    this.#immediates++;
    setImmediate(() => {
      this.#immediates--;
      arrive(datagram);
    });
  }
}
