/** Messages that an async iterator holds for a slow reader; what comes on top is dropped, as UDP would. */
const CAPACITY = 1024;

/**
 * The messages of an association as an async iterator with a bounded buffer. It ends when the association does,
 * and throws what ended it if that was an error.
 */
export class MessageQueue implements AsyncIterableIterator<Buffer> {
  readonly #onReturn: () => void;
  #messages: Buffer[] = [];
  #waiting: Array<{ resolve: (result: IteratorResult<Buffer>) => void; reject: (error: unknown) => void }> = [];
  #end: { error: Error | undefined } | undefined;

  /** `onReturn` is called when the reader stops before the end. */
  constructor(onReturn: () => void) {
    this.#onReturn = onReturn;
  }

  /** False: the buffer is full and the message is dropped. */
  push(message: Buffer): boolean {
    const reader = this.#waiting.shift();
    if (reader !== undefined) {
      reader.resolve({ value: message, done: false });
      return true;
    }
    if (this.#messages.length >= CAPACITY) return false;
    this.#messages.push(message);
    return true;
  }

  /** The first reader gets the error, now or with its next call; all others just see the end. */
  end(error: Error | undefined): void {
    const [first, ...others] = this.#waiting;
    this.#waiting = [];
    this.#end = { error: first === undefined ? error : undefined };
    if (error !== undefined) first?.reject(error);
    else first?.resolve({ value: undefined, done: true });
    for (const reader of others) reader.resolve({ value: undefined, done: true });
  }

  next(): Promise<IteratorResult<Buffer>> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve({ value: message, done: false });
    if (this.#end !== undefined) {
      const { error } = this.#end;
      this.#end = { error: undefined };
      return error === undefined ? Promise.resolve({ value: undefined, done: true }) : Promise.reject(error);
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<Buffer>> {
    this.#onReturn();
    this.#messages = [];
    this.end(undefined);
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** The iterators that read an association. */
export class MessageReaders {
  /** Of those that were ever opened: most associations have none. */
  #queues: Set<MessageQueue> | undefined;
  #end: { error: Error | undefined } | undefined;

  open(): MessageQueue {
    const queue: MessageQueue = new MessageQueue(() => this.#queues?.delete(queue));
    if (this.#end !== undefined) {
      queue.end(this.#end.error);
    } else {
      this.#queues ??= new Set();
      this.#queues.add(queue);
    }
    return queue;
  }

  /** How many readers were too slow to take the message. */
  push(message: Buffer): number {
    if (this.#queues === undefined) return 0;
    let dropped = 0;
    for (const queue of this.#queues) if (!queue.push(message)) dropped++;
    return dropped;
  }

  end(error: Error | undefined): void {
    this.#end = { error };
    for (const queue of this.#queues ?? []) queue.end(error);
    this.#queues = undefined;
  }
}
