import { ContentType, parseRecords } from '../handshake/wire';

/** A handshake may wait for its user, and then these packets wait with it, so many and so long. */
const MAX_PACKETS = 64;
const MAX_HOLD_MS = 60_000;

/**
 * The packets of one handshake, from its change of cipher on: Wireshark reads a file once, and looks for secrets when
 * it sees that message. They wait until the secrets are in the file, or never will be.
 */
export class HeldPackets {
  readonly #write: (block: Buffer) => void;
  readonly #blocks: Buffer[] = [];
  #sinceMs = 0;
  #isOver = false;

  constructor(write: (block: Buffer) => void) {
    this.#write = write;
  }

  /** Takes the block of a datagram, which is written now or later. */
  add(block: Buffer, datagram: Uint8Array): void {
    const isFirst = this.#blocks.length === 0;
    if (this.#isOver || (isFirst && !needsSecrets(datagram))) {
      this.#write(block);
      return;
    }
    const nowMs = performance.now();
    if (isFirst) this.#sinceMs = nowMs;
    this.#blocks.push(block);
    if (this.#blocks.length === MAX_PACKETS || nowMs - this.#sinceMs > MAX_HOLD_MS) this.release();
  }

  /** Writes them. */
  release(): void {
    this.#isOver = true;
    for (const block of this.#blocks.splice(0)) this.#write(block);
  }
}

/** Messages do not: they are of the association that a new handshake would replace, if it is one. */
function needsSecrets(datagram: Uint8Array): boolean {
  const { ChangeCipherSpec, Handshake } = ContentType;
  return parseRecords(datagram).some(
    ({ type, epoch }) => type === ChangeCipherSpec || (epoch > 0 && type === Handshake),
  );
}
