import { Stage } from '../native';
import type { HandshakeInfo } from './info';
import { ContentType, HandshakeType, parseRecords, recordName, type WireRecord } from './wire';

/** A peer that repeats its flight so often, long after our Finished was sent, does not take it. */
const REPEATED_FLIGHTS_OF_WRONG_KEY = 3;
/** So many Finished messages did not authenticate although every message before them arrived. */
const UNAUTHENTICATED_FINISHED_OF_WRONG_KEY = 2;

/**
 * Watches the datagrams of one handshake from outside the TLS machine: counts them for `HandshakeInfo`, and sees
 * the signature of a wrong pre-shared key, about which DTLS itself is silent (a record that does not
 * authenticate is dropped, RFC 6347 section 4.1.2.7).
 */
export class HandshakeRecorder {
  readonly #mtu: number;
  readonly #ciphers: readonly string[];
  readonly #startedAt = performance.now();
  #flightsSent = 0;
  #flightsReceived = 0;
  #datagramsSent = 0;
  #datagramsReceived = 0;
  #retransmits = 0;
  #repeatsReceived = 0;
  #lastSent: WireRecord | undefined;
  #lastReceived: WireRecord | undefined;
  #flight: readonly Uint8Array[] = [];
  #flightSentAt = 0;
  #flightAnswered = true;
  #slowestAnswerMs = 0;
  #finishedSentAt: number | undefined;
  #lossesUntilFinished = 0;
  #highestSequenceSent = -1;
  #highestMessageSent = -1;
  #highestSequenceReceived = -1;
  #highestMessageReceived = -1;
  #highestFinishedReceived = -1;
  #repeatedFlights = 0;
  #repeatedKeyExchanges = 0;
  #unauthenticatedFinished = 0;

  constructor(mtu: number, ciphers: readonly string[]) {
    this.#mtu = mtu;
    this.#ciphers = ciphers;
  }

  /** Our latest flight. Sent again byte for byte, a peer that has it drops it as a replay. */
  get flight(): readonly Uint8Array[] {
    return this.#flight;
  }

  /** Epoch-0 sequence number for a record of our own making. */
  get nextSequence(): number {
    return this.#highestSequenceSent + 1;
  }

  /** Whether our Finished is out, so that only the peer's is missing. */
  get finishedSent(): boolean {
    return this.#finishedSentAt !== undefined;
  }

  /** Whether nothing was lost, as far as can be seen, before our Finished went out. */
  get wasCleanUntilFinished(): boolean {
    return this.#lossesUntilFinished === 0;
  }

  /** True when the flight repeats what has been sent before: by our timer, or by OpenSSL's while it was reading. */
  sent(flight: readonly Uint8Array[]): boolean {
    const records = flight.flatMap(parseRecords);
    const repeats = this.#repeatsSent(records);
    this.#flight = flight;
    this.#datagramsSent += flight.length;
    if (repeats) {
      this.#retransmits++;
    } else {
      this.#flightsSent++;
      this.#flightSentAt = performance.now();
      this.#flightAnswered = false;
    }
    for (const record of records) {
      this.#lastSent = record;
      this.#highestMessageSent = Math.max(this.#highestMessageSent, record.messageSequence);
      if (record.epoch === 0) this.#highestSequenceSent = Math.max(this.#highestSequenceSent, record.sequence);
      else if (record.type === ContentType.Handshake) this.#noteFinished();
    }
    return repeats;
  }

  /**
   * Call before the session takes the datagram. True when the peer repeats its flight although our Finished must
   * have reached it by now: time to send ours again (RFC 6347 section 4.2.4, WAITING), for it may be lost.
   */
  received(datagram: Uint8Array): boolean {
    this.#datagramsReceived++;
    const repeatedFlightsBefore = this.#repeatedFlights;
    let repeats = false;
    for (const record of parseRecords(datagram)) {
      this.#lastReceived = record;
      if (record.handshakeType === undefined) continue;
      if (this.#isRepeat(record)) {
        repeats = true;
        // A peer that repeats its flight gives it new numbers (RFC 6347 section 4.2.4); a copy made by the network tells nothing.
        if (record.sequence > this.#highestSequenceReceived) this.#countRepeat(record);
      }
      this.#highestSequenceReceived = Math.max(this.#highestSequenceReceived, record.sequence);
      this.#highestMessageReceived = Math.max(this.#highestMessageReceived, record.messageSequence);
    }
    if (repeats) this.#repeatsReceived++;
    else this.#noteAnswer();
    return this.#repeatedFlights > repeatedFlightsBefore;
  }

  /** Call when the session took a datagram and the handshake is still not complete. */
  unresolved(datagram: Uint8Array, stage: number): void {
    if (stage !== Stage.AwaitingFinished) return;
    for (const { epoch, type, sequence } of parseRecords(datagram)) {
      if (epoch !== 1 || type !== ContentType.Handshake || sequence <= this.#highestFinishedReceived) continue;
      this.#highestFinishedReceived = sequence;
      this.#unauthenticatedFinished++;
    }
  }

  /** Whether the peer behaves as one with another key does. Meaningful for PSK suites only. */
  wrongKeySuspected(stage: number): boolean {
    if (stage === Stage.SentFinished) return this.#repeatedFlights >= REPEATED_FLIGHTS_OF_WRONG_KEY;
    if (stage !== Stage.AwaitingFinished) return false;
    // A Finished in fragments does not count: the peer must have begun its flight again in between.
    const flightCameAgain = this.#repeatedKeyExchanges > 0 || this.finishedSent;
    return flightCameAgain && this.#unauthenticatedFinished >= UNAUTHENTICATED_FINISHED_OF_WRONG_KEY;
  }

  info(cipher: string): HandshakeInfo {
    return Object.freeze({
      flightsSent: this.#flightsSent,
      flightsReceived: this.#flightsReceived,
      datagramsSent: this.#datagramsSent,
      datagramsReceived: this.#datagramsReceived,
      retransmits: this.#retransmits,
      repeatsReceived: this.#repeatsReceived,
      lastSent: this.#lastSent && recordName(this.#lastSent),
      lastReceived: this.#lastReceived && recordName(this.#lastReceived),
      mtu: this.#mtu,
      ciphers: this.#ciphers,
      cipher: cipher === '' ? undefined : cipher,
      durationMs: performance.now() - this.#startedAt,
    });
  }

  #noteFinished(): void {
    if (this.#finishedSentAt !== undefined) return;
    this.#finishedSentAt = performance.now();
    this.#lossesUntilFinished = this.#retransmits + this.#repeatsReceived;
  }

  #repeatsSent(records: readonly WireRecord[]): boolean {
    const message = records.find((record) => record.handshakeType !== undefined);
    return message === undefined ? this.finishedSent : message.messageSequence <= this.#highestMessageSent;
  }

  #noteAnswer(): void {
    if (this.#flightAnswered && this.#flightsReceived > 0) return;
    this.#flightAnswered = true;
    this.#flightsReceived++;
    if (this.#flightsSent > 0) {
      this.#slowestAnswerMs = Math.max(this.#slowestAnswerMs, performance.now() - this.#flightSentAt);
    }
  }

  #isRepeat(record: WireRecord): boolean {
    if (record.messageSequence !== this.#highestMessageReceived) {
      return record.messageSequence < this.#highestMessageReceived;
    }
    // The same number again may be the next fragment, or a ServerHello numbered like the HelloVerifyRequest. The
    // messages that end a plaintext flight are too short for fragments.
    return (
      record.handshakeType === HandshakeType.ServerHelloDone || record.handshakeType === HandshakeType.ClientKeyExchange
    );
  }

  #countRepeat(record: WireRecord): void {
    if (record.handshakeType === HandshakeType.ClientKeyExchange) this.#repeatedKeyExchanges++;
    if (record.handshakeType !== HandshakeType.ServerHelloDone || this.#finishedSentAt === undefined) return;
    // On a slow path the peer repeats its flight before ours can have arrived: that says nothing about the key.
    if (performance.now() - this.#finishedSentAt > 2 * this.#slowestAnswerMs) this.#repeatedFlights++;
  }
}
