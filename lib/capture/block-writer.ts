import { createWriteStream, lstatSync, openSync, rmSync, type WriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { errorOf } from '../errors';

/** What is gathered in a turn of the event loop leaves at its end, or when it is so much. */
const CHUNK_SIZE = 64 * 1024;

/** Writes blocks to a stream, many at a time, and never waits for it. */
export class BlockWriter {
  readonly #stream: Writable;
  /** The stream, when it is of our making. */
  readonly #file: WriteStream | undefined;
  readonly #onFailure: (error: Error) => void;
  #chunk: Buffer[] = [];
  #chunkSize = 0;
  #chunkPackets = 0;
  #isScheduled = false;
  /** Bytes that have room and are not written. */
  #waiting = 0;
  #packetsInStream = 0;
  #onIdle: (() => void) | undefined;
  #isOver = false;
  /** Packets that it took and could not write. */
  packetsLost = 0;

  /** `onFailure` is called once; nothing is written from then on. Throws when the file cannot be opened. */
  constructor(target: string | Writable, onFailure: (error: Error) => void) {
    this.#file = typeof target === 'string' ? createFile(target) : undefined;
    this.#stream = this.#file ?? (target as Writable);
    this.#onFailure = onFailure;
    this.#stream.on('error', this.#fail);
    if (this.#file === undefined) this.#stream.on('close', this.#onStreamClosed);
  }

  /** Makes room for a block, to be written at any later time; false: more than `maxWaiting` bytes would wait. */
  reserve(size: number, maxWaiting: number): boolean {
    if (this.#isOver || this.#waiting + size > maxWaiting) return false;
    this.#waiting += size;
    return true;
  }

  /** Writes a block for which there is room. */
  write(block: Buffer, isPacket: boolean): void {
    const packets = isPacket ? 1 : 0;
    if (this.#isOver) {
      this.packetsLost += packets;
      return;
    }
    this.#chunk.push(block);
    this.#chunkSize += block.length;
    this.#chunkPackets += packets;
    if (this.#chunkSize >= CHUNK_SIZE) this.#flush();
    else if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(this.#onTurnEnd);
    }
  }

  /** Resolves when all is written, or the stream has failed. A stream that the user brought stays open. */
  async close(): Promise<void> {
    this.#flush();
    if (!this.#isOver && this.#waiting > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    const file = this.#file;
    if (file !== undefined) await new Promise<void>((resolve) => file.close(() => resolve()));
    // One that has failed may yet say so with an event.
    if (!this.#isOver) this.#stream.off('error', this.#fail).off('close', this.#onStreamClosed);
    this.#isOver = true;
  }

  readonly #onTurnEnd = (): void => {
    this.#isScheduled = false;
    this.#flush();
  };

  #flush(): void {
    if (this.#chunkSize === 0) return;
    const chunk = Buffer.concat(this.#chunk, this.#chunkSize);
    const packets = this.#chunkPackets;
    this.#packetsInStream += packets;
    this.#empty();
    try {
      this.#stream.write(chunk, (error) => {
        if (error) this.#fail(error);
        else this.#written(chunk.length, packets);
      });
    } catch (error) {
      // A Writable of the user's may do anything, and whoever sends a message must not suffer.
      this.#fail(error);
    }
  }

  #written(size: number, packets: number): void {
    this.#waiting -= size;
    this.#packetsInStream -= packets;
    if (this.#waiting === 0) this.#onIdle?.();
  }

  #empty(): void {
    this.#chunk = [];
    this.#chunkSize = 0;
    this.#chunkPackets = 0;
  }

  readonly #fail = (error: unknown): void => {
    if (this.#isOver) return;
    this.#isOver = true;
    this.packetsLost += this.#packetsInStream + this.#chunkPackets;
    this.#empty();
    this.#onIdle?.();
    this.#onFailure(errorOf(error));
  };

  readonly #onStreamClosed = (): void => this.#fail(new Error('the stream was closed before its capture'));
}

/** Empty, and for its owner alone, even if it was there before; a pipe or a terminal stays as it is. */
function createFile(path: string): WriteStream {
  return createWriteStream(path, { fd: openForOwner(path) });
}

/** A file that was there goes, and with it whoever has it open; what is no file, a pipe say, is opened as it is. */
function openForOwner(path: string): number {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (!lstatSync(path).isFile()) return openSync(path, 'w', 0o600);
    rmSync(path);
    return openSync(path, 'wx', 0o600);
  }
}
