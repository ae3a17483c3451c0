const ABSENT = -1;

/** Takes turns among the associations that can send. Adding, removing and the next turn cost the same for any number. */
export class Rotation {
  readonly #members: Int32Array;
  /** Where each association stands in `#members`. */
  readonly #positions: Int32Array;
  #count: number;
  #turn = 0;

  /** With all associations from 0 to `count` - 1. */
  constructor(count: number) {
    this.#members = Int32Array.from({ length: count }, (_, index) => index);
    this.#positions = this.#members.slice();
    this.#count = count;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** The association whose turn it is; there must be one. */
  next(): number {
    if (this.#turn >= this.#count) this.#turn = 0;
    return this.#members[this.#turn++];
  }

  add(association: number): void {
    if (this.#positions[association] !== ABSENT) return;
    this.#members[this.#count] = association;
    this.#positions[association] = this.#count++;
  }

  remove(association: number): void {
    const position = this.#positions[association];
    if (position === ABSENT) return;
    const last = this.#members[--this.#count];
    this.#members[position] = last;
    this.#positions[last] = position;
    this.#positions[association] = ABSENT;
  }
}
