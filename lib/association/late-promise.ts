import { type Deferred, deferred } from './deferred';

/**
 * A promise that settles from outside, once, and whose rejection nobody has to handle. It is made when somebody asks for
 * it: nobody asks for most, and each takes some 300 bytes with its functions.
 */
export class LatePromise<T> {
  #promise: Promise<T> | undefined;
  /** While somebody waits. */
  #waiting: Deferred<T> | undefined;
  /** Once settled. */
  #settle: ((waiting: Deferred<T>) => void) | undefined;

  get promise(): Promise<T> {
    if (this.#promise === undefined) {
      const waiting = deferred<T>();
      this.#promise = waiting.promise;
      if (this.#settle === undefined) this.#waiting = waiting;
      else this.#settle(waiting);
    }
    return this.#promise;
  }

  resolve(value: T): void {
    this.#settleBy((waiting) => waiting.resolve(value));
  }

  reject(error: Error): void {
    this.#settleBy((waiting) => waiting.reject(error));
  }

  #settleBy(settle: (waiting: Deferred<T>) => void): void {
    if (this.#settle !== undefined) return;
    this.#settle = settle;
    if (this.#waiting !== undefined) settle(this.#waiting);
    this.#waiting = undefined;
  }
}
