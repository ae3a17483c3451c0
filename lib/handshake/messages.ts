import { ByteReader } from './byte-reader';
import { ContentType, DTLS_MAJOR_VERSION, HandshakeType } from './wire';

/** A handshake message that has arrived in full. */
export interface Message {
  readonly type: number;
  /** message_seq (RFC 6347 section 4.2.2). */
  readonly sequence: number;
  /** A copy; empty for a message of a type that is not wanted. */
  readonly body: Uint8Array;
}

/** message_seq begins at 0 and no flight is this long; OpenSSL itself looks only 10 messages ahead. */
const MAX_MESSAGES = 16;
const MAX_BYTES = 4096;
/** A fragment that would leave more separate pieces of a message counts as lost; its repetition may fit. */
const MAX_PIECES = 64;

/**
 * Reassembles the plaintext handshake messages of one direction from its datagrams (RFC 6347 section 4.2.3):
 * fragments in any order, overlapping and repeated. Never throws, and holds at most 16 messages of `maxBytes` each;
 * of types that are not wanted it holds no bytes, only which have arrived.
 *
 * It shows what OpenSSL is about to ask, so that the answer can be looked up early. It need not be the authority:
 * OpenSSL reassembles for itself, and what it then asks counts; an answer to something else must not be used. Of
 * fragments that contradict each other the first counts here in type and length, the last in bytes, replayed records
 * included: a forged one can cost the early answer, as a lost datagram can, and decides nothing.
 */
export class HandshakeMessages {
  readonly #wanted: ReadonlySet<number>;
  readonly #maxBytes: number;
  /** By message_seq, in the order in which they began to arrive. */
  readonly #messages = new Map<number, PartialMessage>();

  /** Of the `wanted` types, messages of up to `maxBytes` (default 4096) are kept; longer ones are taken as lost. */
  constructor(wanted: Iterable<number>, maxBytes = MAX_BYTES) {
    this.#wanted = new Set(wanted);
    this.#maxBytes = maxBytes;
  }

  /** The bytes may change after the call. */
  add(datagram: Uint8Array): void {
    const records = new ByteReader(datagram);
    while (records.left > 0) {
      const contentType = records.uint(1);
      const majorVersion = records.uint(1);
      records.take(1); // minor version
      const epoch = records.uint(2);
      records.take(6); // sequence number
      const fragments = records.vector(2);
      if (contentType !== ContentType.Handshake || majorVersion !== DTLS_MAJOR_VERSION || epoch !== 0) continue;
      this.#addFragments(new ByteReader(fragments));
    }
  }

  /** The complete message of a wanted type; of several, the one that began to arrive last. */
  message(type: number): Message | undefined {
    let newest: Message | undefined;
    for (const message of this.#messages.values()) {
      if (message.type === type && message.isComplete) newest = message;
    }
    return newest;
  }

  /** The complete message with this message_seq, whatever its type. */
  at(sequence: number): Message | undefined {
    const message = this.#messages.get(sequence);
    return message?.isComplete ? message : undefined;
  }

  #addFragments(record: ByteReader): void {
    while (record.left > 0) {
      const type = record.uint(1);
      const length = record.uint(3);
      const sequence = record.uint(2);
      const offset = record.uint(3);
      const fragment = record.vector(3);
      if (record.failed) return;
      // These two are outside the numbered flight: what follows a HelloVerifyRequest may have its message_seq again.
      if (type === HandshakeType.HelloRequest || type === HandshakeType.HelloVerifyRequest) continue;
      if (offset + fragment.length <= length) this.#track(type, length, sequence)?.add(offset, fragment);
    }
  }

  #track(type: number, length: number, sequence: number): PartialMessage | undefined {
    const known = this.#messages.get(sequence);
    if (known !== undefined) return known.type === type && known.length === length ? known : undefined;
    const isWanted = this.#wanted.has(type);
    if (sequence >= MAX_MESSAGES || (isWanted && length > this.#maxBytes)) return undefined;
    const message = new PartialMessage(type, sequence, length, isWanted);
    this.#messages.set(sequence, message);
    return message;
  }
}

/** The bytes from `from` up to, not including, `to`. */
interface Piece {
  readonly from: number;
  readonly to: number;
}

class PartialMessage implements Message {
  readonly type: number;
  readonly sequence: number;
  readonly length: number;
  readonly body: Uint8Array;
  /** What has arrived: in order, none touching another. */
  #pieces: readonly Piece[] = [];

  constructor(type: number, sequence: number, length: number, isWanted: boolean) {
    this.type = type;
    this.sequence = sequence;
    this.length = length;
    this.body = new Uint8Array(isWanted ? length : 0);
  }

  get isComplete(): boolean {
    const [piece] = this.#pieces;
    return this.length === 0 || (piece !== undefined && piece.to - piece.from === this.length);
  }

  add(offset: number, fragment: Uint8Array): void {
    if (this.isComplete) return;
    const pieces = join(this.#pieces, { from: offset, to: offset + fragment.length });
    if (pieces.length > MAX_PIECES) return;
    this.#pieces = pieces;
    if (this.body.length > 0) this.body.set(fragment, offset);
  }
}

function join(pieces: readonly Piece[], added: Piece): Piece[] {
  const before = pieces.filter((piece) => piece.to < added.from);
  const after = pieces.filter((piece) => piece.from > added.to);
  const touching = pieces.slice(before.length, pieces.length - after.length);
  const from = Math.min(added.from, touching[0]?.from ?? added.from);
  const to = Math.max(added.to, touching.at(-1)?.to ?? added.to);
  return [...before, { from, to }, ...after];
}
