/** No message. */
export const NONE = -1;

/**
 * The messages that wait for their answer, in slots of fixed number, so that none costs an object. Those of one
 * association form a list in the order in which they were sent.
 */
export class InFlight {
  readonly #dueTimes: Float64Array;
  readonly #sendTimes: Float64Array;
  readonly #sequences: Uint32Array;
  /** The association of a slot; NONE when the slot is free. */
  readonly #holders: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #oldest: Int32Array;
  readonly #newest: Int32Array;
  /** A stack. */
  readonly #free: Int32Array;
  #freeCount: number;
  #sequence = 0;

  constructor(slots: number, associations: number) {
    this.#dueTimes = new Float64Array(slots);
    this.#sendTimes = new Float64Array(slots);
    this.#sequences = new Uint32Array(slots);
    this.#holders = new Int32Array(slots).fill(NONE);
    this.#next = new Int32Array(slots);
    this.#previous = new Int32Array(slots);
    this.#oldest = new Int32Array(associations).fill(NONE);
    this.#newest = new Int32Array(associations).fill(NONE);
    this.#free = Int32Array.from({ length: slots }, (_, slot) => slots - 1 - slot);
    this.#freeCount = slots;
  }

  /** Messages that wait. */
  get size(): number {
    return this.#free.length - this.#freeCount;
  }

  get isFull(): boolean {
    return this.#freeCount === 0;
  }

  /** Takes a slot, of which there must be one, for a message that is due at `dueAt` and leaves at `sentAt`. */
  take(association: number, dueAt: number, sentAt: number): number {
    const slot = this.#free[--this.#freeCount];
    this.#dueTimes[slot] = dueAt;
    this.#sendTimes[slot] = sentAt;
    this.#sequences[slot] = this.#sequence++;
    this.#holders[slot] = association;
    const newest = this.#newest[association];
    this.#previous[slot] = newest;
    this.#next[slot] = NONE;
    if (newest === NONE) this.#oldest[association] = slot;
    else this.#next[newest] = slot;
    this.#newest[association] = slot;
    return slot;
  }

  release(slot: number): void {
    const association = this.#holders[slot];
    const previous = this.#previous[slot];
    const next = this.#next[slot];
    if (previous === NONE) this.#oldest[association] = next;
    else this.#next[previous] = next;
    if (next === NONE) this.#newest[association] = previous;
    else this.#previous[next] = previous;
    this.#holders[slot] = NONE;
    this.#free[this.#freeCount++] = slot;
  }

  /** The slot of the message that has waited longest on this association; NONE when none waits. */
  oldestOf(association: number): number {
    return this.#oldest[association];
  }

  /** False for a slot that does not exist. */
  isHeldBy(slot: number, association: number): boolean {
    return this.#holders[slot] === association;
  }

  dueTimeOf(slot: number): number {
    return this.#dueTimes[slot];
  }

  sendTimeOf(slot: number): number {
    return this.#sendTimes[slot];
  }

  /** Counted over all messages, modulo 2 ** 32. */
  sequenceOf(slot: number): number {
    return this.#sequences[slot];
  }
}
