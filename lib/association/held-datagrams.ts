/** A flight of 16 KiB certificates in datagrams of 512 bytes, and a few repetitions. */
const MAX_DATAGRAMS = 32;
const MAX_BYTES = 65_536;

/** Datagrams that wait, bounded: what is dropped comes again, as if it had been lost on the way. */
export class HeldDatagrams {
  readonly #datagrams: Buffer[] = [];
  #bytes = 0;

  /** Copies it, for the memory is the transport's. */
  add(datagram: Uint8Array): void {
    if (this.#datagrams.length >= MAX_DATAGRAMS || this.#bytes + datagram.length > MAX_BYTES) return;
    this.#datagrams.push(Buffer.from(datagram));
    this.#bytes += datagram.length;
  }

  [Symbol.iterator](): Iterator<Buffer> {
    return this.#datagrams[Symbol.iterator]();
  }
}
