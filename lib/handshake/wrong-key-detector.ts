import { Stage } from '../native';
import { ContentType, HandshakeType, type WireRecord } from './wire';

/** A peer that repeats its flight so often, long after our Finished was sent, does not take it. */
const REPEATED_FLIGHTS = 4;
/** So long a machine may be busy with something else, however fast it answered before. */
const BUSY_MS = 200;
/** So many Finished messages did not authenticate although every message before them arrived. */
const UNAUTHENTICATED_FINISHED = 2;

/**
 * Sees the signature of a wrong pre-shared key, about which DTLS itself is silent: a record that does not
 * authenticate is dropped (RFC 6347 section 4.1.2.7). Its verdicts are meaningful for PSK suites only.
 */
export class WrongKeyDetector {
  #finishedSentAt: number | undefined;
  /** The same, or when it was sent again because the peer repeated its flight. */
  #finishedGivenAt = 0;
  #flightSentAt = 0;
  #slowestAnswerMs = 0;
  #highestSequence = -1;
  #highestFinished = -1;
  #repeatedFlights = 0;
  #repeatedKeyExchanges = 0;
  #unauthenticatedFinished = 0;

  /** Whether our Finished is out, so that only the peer's is missing. */
  get finishedSent(): boolean {
    return this.#finishedSentAt !== undefined;
  }

  sent(records: readonly WireRecord[], repeats: boolean): void {
    if (!repeats) this.#flightSentAt = performance.now();
    if (this.#finishedSentAt !== undefined || !records.some(isFinished)) return;
    this.#finishedSentAt = this.#finishedGivenAt = performance.now();
  }

  /** The first answer to our latest flight came. */
  answered(): void {
    this.#slowestAnswerMs = Math.max(this.#slowestAnswerMs, performance.now() - this.#flightSentAt);
  }

  /** `repeats` tells which records repeat a message. Result and `wasHeld`: as `HandshakeRecorder.received`. */
  received(records: readonly WireRecord[], repeats: (record: WireRecord) => boolean, wasHeld: boolean): boolean {
    const before = this.#repeatedFlights;
    for (const record of records) {
      // A peer that repeats its flight gives it new numbers (RFC 6347 section 4.2.4); a copy made by the network
      // tells nothing.
      if (record.sequence > this.#highestSequence && repeats(record)) this.#countRepeat(record, wasHeld);
      if (record.epoch === 0) this.#highestSequence = Math.max(this.#highestSequence, record.sequence);
    }
    return this.#repeatedFlights > before;
  }

  /** The session took the records, and still awaits the Finished. */
  unresolved(records: readonly WireRecord[]): void {
    for (const record of records) {
      if (!isFinished(record) || record.sequence <= this.#highestFinished) continue;
      this.#highestFinished = record.sequence;
      this.#unauthenticatedFinished++;
    }
  }

  /** Whether the peer behaves as one with another key does. */
  suspects(stage: number): boolean {
    if (stage === Stage.SentFinished) return this.#repeatedFlights >= REPEATED_FLIGHTS;
    if (stage !== Stage.AwaitingFinished) return false;
    // A Finished in fragments does not count: the peer must have begun its flight again in between.
    const flightCameAgain = this.#repeatedKeyExchanges > 0 || this.finishedSent;
    return flightCameAgain && this.#unauthenticatedFinished >= UNAUTHENTICATED_FINISHED;
  }

  #countRepeat(record: WireRecord, wasHeld: boolean): void {
    if (record.handshakeType === HandshakeType.ClientKeyExchange) this.#repeatedKeyExchanges++;
    if (record.handshakeType !== HandshakeType.ServerHelloDone || this.#finishedSentAt === undefined) return;
    // On a slow path, or while our user is asked, the peer repeats its flight before ours can have arrived, the first
    // time or again: that says nothing about the key.
    const now = performance.now();
    const answerTakesMs = Math.max(BUSY_MS, 2 * this.#slowestAnswerMs);
    if (wasHeld || now - this.#finishedGivenAt <= answerTakesMs) return;
    this.#repeatedFlights++;
    this.#finishedGivenAt = now;
  }
}

/** An encrypted handshake record of a first handshake. */
function isFinished({ epoch, type }: WireRecord): boolean {
  return epoch === 1 && type === ContentType.Handshake;
}
