import { randomBytes } from 'node:crypto';
import type { InFlight } from './in-flight';

/** Tag of the run, slot, sequence number, time: 4 + 4 + 4 + 8 bytes. */
export const HEADER_SIZE = 20;
const SLOT_AT = 4;
const SEQUENCE_AT = 8;
const TIME_AT = 12;

/** An echo of a message that is no longer waited for. */
export const LATE = -1;
/** No message of this run. */
export const FOREIGN = -2;

const FILLER = 'dtls bench ';

/** A message of `size` bytes with nothing in it to tell it from others. */
export function fillerMessage(size: number): Buffer {
  return Buffer.alloc(size, FILLER);
}

/** The one message that is sent again and again, with another header each time. */
export class EchoMessage {
  readonly bytes: Buffer;
  readonly #inFlight: InFlight;

  constructor(size: number, inFlight: InFlight) {
    this.bytes = fillerMessage(size);
    randomBytes(SLOT_AT).copy(this.bytes);
    this.#inFlight = inFlight;
  }

  stamp(slot: number): void {
    this.bytes.writeUInt32LE(slot, SLOT_AT);
    this.bytes.writeUInt32LE(this.#inFlight.sequenceOf(slot), SEQUENCE_AT);
    this.bytes.writeDoubleLE(this.#inFlight.dueTimeOf(slot), TIME_AT);
  }

  /** The slot of the message that these bytes are the echo of; LATE or FOREIGN when there is none. */
  slotOf(echo: Buffer, association: number): number {
    const { bytes } = this;
    if (echo.length !== bytes.length || bytes.compare(echo, 0, SLOT_AT, 0, SLOT_AT) !== 0) return FOREIGN;
    if (bytes.compare(echo, HEADER_SIZE, echo.length, HEADER_SIZE) !== 0) return FOREIGN;
    const slot = echo.readUInt32LE(SLOT_AT);
    if (!this.#inFlight.isHeldBy(slot, association)) return LATE;
    const isCurrent =
      echo.readUInt32LE(SEQUENCE_AT) === this.#inFlight.sequenceOf(slot) &&
      echo.readDoubleLE(TIME_AT) === this.#inFlight.dueTimeOf(slot);
    return isCurrent ? slot : LATE;
  }
}
