/** Failures of one kind. */
export interface Failures {
  /** Code of the error, "ERR_DTLS_..." mostly. */
  code: string;
  count: number;
  /** What the first of them said. */
  message: string;
}

/** Counts failures by their code, so that a million of them take no more room than one. */
export class ErrorTally {
  readonly #byCode = new Map<string, Failures>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(code: string, message: string): void {
    this.#total++;
    const known = this.#byCode.get(code);
    if (known === undefined) this.#byCode.set(code, { code, count: 1, message });
    else known.count++;
  }

  addError(error: Error): void {
    this.add((error as NodeJS.ErrnoException).code ?? error.name, error.message);
  }

  /** The most frequent first. */
  list(): Failures[] {
    return [...this.#byCode.values()].sort((a, b) => b.count - a.count);
  }
}
