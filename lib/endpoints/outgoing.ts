import type { UdpSocket } from '../../binding';

/** Datagrams of a batch, and their bytes: what one or two system calls carry. */
const MAX_DATAGRAMS = 64;
const BATCH_BYTES = 64 * 1024;
/** Batches that are kept for whoever sends next; a batch is in use only while datagrams wait in it. */
const SPARE_BATCHES = 16;

class Batch {
  readonly bytes = Buffer.allocUnsafeSlow(BATCH_BYTES);
  /** The peer's number and the size of each datagram. */
  readonly entries = new Int32Array(2 * MAX_DATAGRAMS);
  count = 0;
  size = 0;
  /** Of these, what the kernel has taken. */
  doneCount = 0;
  doneSize = 0;

  hasRoom(size: number): boolean {
    return this.count < MAX_DATAGRAMS && this.size + size <= BATCH_BYTES;
  }

  clear(): void {
    this.count = this.size = this.doneCount = this.doneSize = 0;
  }
}

const spares: Batch[] = [];

/**
 * Datagrams that wait for the kernel, one after the other in memory, so that they leave many at a time. Use:
 * `reserve(size)`, write at `offset` of what it returned, `add(peer, size)`; `flush` now and then.
 */
export class Outgoing {
  readonly #socket: UdpSocket;
  /** Those before the last, while the kernel takes no more. */
  readonly #full: Batch[] = [];
  #last: Batch | undefined;
  #hasError = false;
  readonly #onError: () => void;
  /** Bytes that wait. */
  size = 0;

  /** `onError`: the socket has an error to tell. */
  constructor(socket: UdpSocket, onError: () => void) {
    this.#socket = socket;
    this.#onError = onError;
  }

  /** Where the next datagram is to be written. */
  get offset(): number {
    return this.#last?.size ?? 0;
  }

  /** How many datagrams of the last batch wait. */
  get waiting(): number {
    return this.#last === undefined ? 0 : this.#last.count - this.#last.doneCount;
  }

  /** Bytes of the batches in use. */
  get memory(): number {
    return (this.#full.length + (this.#last === undefined ? 0 : 1)) * BATCH_BYTES;
  }

  reserve(size: number): Buffer {
    const last = this.#last;
    if (last?.hasRoom(size)) return last.bytes;
    if (last !== undefined) this.#full.push(last);
    const batch = spares.pop() ?? new Batch();
    this.#last = batch;
    return batch.bytes;
  }

  /** True: the batch is full, it is time to flush. */
  add(peer: number, size: number): boolean {
    const batch = this.#last as Batch;
    const at = 2 * batch.count++;
    batch.entries[at] = peer;
    batch.entries[at + 1] = size;
    batch.size += size;
    this.size += size;
    return batch.count === MAX_DATAGRAMS;
  }

  /** Hands over to the kernel. False: it takes no more now. */
  flush(): boolean {
    for (let batch = this.#first(); batch !== undefined && this.#send(batch); batch = this.#first()) {
      if (batch === this.#last) this.#last = undefined;
      else this.#full.shift();
      batch.clear();
      if (spares.length < SPARE_BATCHES) spares.push(batch);
    }
    if (this.#hasError) {
      this.#hasError = false;
      // Not before: whoever hears of it may send more, or flush.
      this.#onError();
    }
    return this.size === 0;
  }

  #first(): Batch | undefined {
    return this.#full.length > 0 ? this.#full[0] : this.#last;
  }

  #send(batch: Batch): boolean {
    const { bytes, entries, doneCount, doneSize } = batch;
    if (batch.count === doneCount) return true;
    const result = this.#socket.send(bytes, doneSize, entries, doneCount, batch.count - doneCount);
    const done = result < 0 ? ~result : result;
    if (doneCount + done === batch.count) batch.doneSize = batch.size;
    else for (let i = doneCount; i < doneCount + done; i++) batch.doneSize += entries[2 * i + 1] as number;
    batch.doneCount += done;
    this.size -= batch.doneSize - doneSize;
    if (result < 0) this.#hasError = true;
    return batch.doneCount === batch.count;
  }
}
