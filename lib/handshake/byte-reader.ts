/**
 * Reads big-endian numbers and length-prefixed vectors (RFC 5246 section 4) from bytes that nobody has checked.
 * Nothing throws: a read past the end gives zero or no bytes, and from then on `failed` is true and `left` 0.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get failed(): boolean {
    return this.#failed;
  }

  /** Bytes that have not been read. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** An unsigned number of `size` bytes, at most 3. */
  uint(size: number): number {
    let value = 0;
    for (const byte of this.take(size)) value = (value << 8) | byte;
    return value;
  }

  /** The next `size` bytes, not copied. */
  take(size: number): Uint8Array {
    if (size > this.left) {
      this.#failed = true;
      this.#at = this.#bytes.length;
      return this.#bytes.subarray(this.#at);
    }
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  /** A vector behind its length, a number of `lengthSize` bytes; not copied. */
  vector(lengthSize: number): Uint8Array {
    return this.take(this.uint(lengthSize));
  }
}
