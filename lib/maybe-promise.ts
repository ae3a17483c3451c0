/** An answer at once, or later. */
export type MaybePromise<T> = T | PromiseLike<T>;

export function isPromise<T>(answer: MaybePromise<T>): answer is PromiseLike<T> {
  return typeof (answer as PromiseLike<T> | null | undefined)?.then === 'function';
}
