import { markAsUntransferable } from 'node:worker_threads';

const SLAB_SIZE = 64 * 1024;

/**
 * Hands out pieces of large buffers, so that a datagram costs a view and no allocation. A piece is never reused:
 * whoever keeps one keeps its slab alive, at most 64 KiB, and nothing else.
 *
 * Use: `reserve(size)`, let native code write at `buffer[offset]`, then `take(written)`.
 */
export class Slab {
  buffer = Buffer.alloc(0);
  offset = 0;

  /** Makes sure that `size` bytes follow `offset`. */
  reserve(size: number): Buffer {
    // After ArrayBuffer.prototype.transfer() on a message's memory the length is 0.
    if (this.buffer.length - this.offset < size) {
      this.buffer = Buffer.allocUnsafeSlow(Math.max(SLAB_SIZE, size));
      // As Node's own pool: a message must not take the others along to a worker.
      markAsUntransferable(this.buffer.buffer);
      this.offset = 0;
    }
    return this.buffer;
  }

  /** The `size` bytes just written. */
  take(size: number): Buffer {
    const piece = this.buffer.subarray(this.offset, this.offset + size);
    this.offset += size;
    return piece;
  }
}
