import { rethrowLater } from '../emit';
import { isPromise } from '../maybe-promise';
import type { Answer, Refusal } from './checkpoint';
import { HeldDatagrams } from './held-datagrams';

/** Where a handshake waits for the user at a checkpoint, and what comes meanwhile with it. */
export class Gate {
  readonly #passed: (refusal: Refusal | undefined, proceed: () => void) => void;
  readonly #replay: (datagram: Uint8Array) => void;
  #held: HeldDatagrams | undefined;
  #isAbandoned = false;

  /** `passed` gets each answer; then `replay` each datagram that was held. Neither after `abandon`. */
  constructor(
    passed: (refusal: Refusal | undefined, proceed: () => void) => void,
    replay: (datagram: Uint8Array) => void,
  ) {
    this.#passed = passed;
    this.#replay = replay;
  }

  get isClosed(): boolean {
    return this.#held !== undefined;
  }

  /** Keeps the datagram while the gate is closed; false when it is open. */
  holds(datagram: Uint8Array): boolean {
    this.#held?.add(datagram);
    return this.isClosed;
  }

  /** `proceed` goes along with the answer, at once when that is there. */
  pass(answer: Answer, proceed: () => void): void {
    if (!isPromise(answer)) {
      this.#passed(answer, proceed);
      return;
    }
    const held = new HeldDatagrams();
    this.#held = held;
    answer.then((refusal) => this.#open(held, refusal, proceed)).then(undefined, rethrowLater);
  }

  /** The handshake is over. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#held = undefined;
  }

  #open(held: HeldDatagrams, refusal: Refusal | undefined, proceed: () => void): void {
    if (this.#isAbandoned) return;
    this.#held = undefined;
    this.#passed(refusal, proceed);
    for (const datagram of held) if (!this.#isAbandoned) this.#replay(datagram);
  }
}
