import { closedEarlyError } from '../errors';
import type { CloseInfo } from './events';
import { LatePromise } from './late-promise';
import { MessageReaders } from './message-queue';

/** Whoever follows an association without listening to its events: by `opened`, by `closed`, or as an iterator. */
export class Followers<T> {
  readonly #opened = new LatePromise<T>();
  readonly #closed = new LatePromise<CloseInfo>();
  readonly #readers = new MessageReaders();
  #wasOpen = false;
  #openedIsRead = false;
  #closedIsRead = false;

  get opened(): Promise<T> {
    this.#openedIsRead = true;
    return this.#opened.promise;
  }

  get closed(): Promise<CloseInfo> {
    this.#closedIsRead = true;
    return this.#closed.promise;
  }

  /** As `closed`, for those who want to know when, not why. */
  get released(): Promise<CloseInfo> {
    return this.#closed.promise;
  }

  /** Whether the handshake was complete once. */
  get wasOpen(): boolean {
    return this.#wasOpen;
  }

  /** Whether somebody hears of an error without listening to it. */
  get hear(): boolean {
    return this.#closedIsRead || (this.#openedIsRead && !this.#wasOpen);
  }

  read(): AsyncIterableIterator<Buffer> {
    this.#closedIsRead = true;
    return this.#readers.open();
  }

  /** How many readers were too slow to take the message. */
  push(message: Buffer): number {
    return this.#readers.push(message);
  }

  open(association: T): void {
    this.#wasOpen = true;
    this.#opened.resolve(association);
  }

  /** There are no more messages. */
  end(error: Error | undefined): void {
    if (!this.#wasOpen) this.#opened.reject(error ?? closedEarlyError());
    this.#readers.end(error);
  }

  /** Everything is released. */
  close(info: CloseInfo): void {
    this.#closed.resolve(info);
  }
}
