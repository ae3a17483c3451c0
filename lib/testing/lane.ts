import type { RemoteAddress } from '../address';
import { DtlsError, said } from '../errors';
import { checkFunction } from './arguments';
import { Impairer, type Impairments } from './impairments';
import { arrivals, asLate, deliverAll, type Late, type Rule } from './rules';
import { Schedule } from './schedule';

const NO_BYTES = Buffer.alloc(0);

/** One direction of a network: what is sent is seen by the lane's rule, then impaired, then arrives. */
export class Lane {
  /** Every datagram that was sent, whatever became of it: `sent[2]` is the third. */
  readonly sent: Buffer[] = [];
  readonly #name: string;
  readonly #random: () => number;
  readonly #schedule = new Schedule();
  #rule: Rule = deliverAll;
  #impairer: Impairer | undefined;
  #immediates = 0;
  #isCut = false;
  #held: Array<() => void> | undefined;

  /** @internal */
  constructor(name: string, random: () => number) {
    this.#name = name;
    this.#random = random;
  }

  /** What becomes of each datagram; by default it arrives. Throws `ERR_DTLS_OPTION` for what is no function. */
  get rule(): Rule {
    return this.#rule;
  }

  set rule(rule: Rule) {
    checkFunction(`${this.#name}.rule`, rule);
    this.#rule = rule;
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

  /** @internal Takes a datagram of a client or for it. Throws `ERR_DTLS_CALLBACK` when the rule fails. */
  carry(datagram: Uint8Array, client: RemoteAddress, arrive: (datagram: Buffer) => void): void {
    // Of bytes that were transferred to a worker there is no view.
    const { buffer, byteOffset, length } = datagram;
    const view = length === 0 ? NO_BYTES : Buffer.from(buffer, byteOffset, length);
    const n = this.sent.push(view) - 1;
    const passing = this.#decide(view, n, client);
    if (this.#isCut) return;
    for (const { datagram: bytes, delayMs } of passing) {
      for (const arriving of this.#impairer?.apply(bytes) ?? [{ datagram: bytes, delayMs: 0 }]) {
        const deliver = (): void => this.deliver(arriving.datagram, arrive, delayMs + arriving.delayMs);
        if (this.#held === undefined) deliver();
        else this.#held.push(deliver);
      }
    }
  }

  #decide(datagram: Buffer, n: number, client: RemoteAddress): Late[] {
    try {
      return arrivals(this.#rule(datagram, n, client)).map(asLate);
    } catch (cause) {
      const message = `${this.#name}.rule failed at datagram ${n}: ${said(cause)}`;
      throw new DtlsError('ERR_DTLS_CALLBACK', message, { cause });
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
