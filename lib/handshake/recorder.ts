import { Stage } from '../native';
import type { HandshakeInfo } from './info';
import { HandshakeType, parseRecords, recordName, type WireRecord } from './wire';
import { WrongKeyDetector } from './wrong-key-detector';

/** Watches the datagrams of one handshake from outside the TLS machine, for `HandshakeInfo` and its detector. */
export class HandshakeRecorder {
  /** Largest datagram of our flights from now on, in bytes. */
  mtu: number;
  readonly #ciphers: readonly string[];
  readonly #startedAt = performance.now();
  readonly #detector = new WrongKeyDetector();
  #flightsSent = 0;
  #flightsReceived = 0;
  #datagramsSent = 0;
  #datagramsReceived = 0;
  #retransmits = 0;
  #repeatsReceived = 0;
  #lastSent: WireRecord | undefined;
  #lastReceived: WireRecord | undefined;
  #flight: readonly Uint8Array[] = [];
  #awaitsAnswer = false;
  #highestSequenceSent: number | undefined;
  #firstSequenceReceived = 0;
  #highestMessageSent = -1;
  #highestMessageReceived = -1;
  #lossesUntilFinished: number | undefined;
  /** Of all parts of messages received the last: its message's number and its end, as one number. */
  #farthest = 0;
  #progress = 0;

  constructor(mtu: number, ciphers: readonly string[]) {
    this.mtu = mtu;
    this.#ciphers = ciphers;
  }

  /** Our latest flight. Sent again byte for byte, a peer that has it drops it as a replay. */
  get flight(): readonly Uint8Array[] {
    return this.#flight;
  }

  /**
   * Epoch-0 sequence number for a record of our own making. A server that has sent nothing yet goes on from the hello
   * that was verified, as OpenSSL does: its HelloVerifyRequests had the numbers before.
   */
  get nextSequence(): number {
    if (this.#highestSequenceSent === undefined) return this.#firstSequenceReceived;
    // 48 bits on the wire, and a peer's hello may begin our numbers anywhere.
    return (this.#highestSequenceSent + 1) % 2 ** 48;
  }

  /** Another number whenever a new flight was sent, or more of the peer's messages came than before. */
  get progress(): number {
    return this.#progress;
  }

  /** How often a flight of ours was sent again. */
  get retransmits(): number {
    return this.#retransmits;
  }

  /** The largest datagram of our latest flight when that is a ClientHello, in bytes; else 0. */
  get helloSize(): number {
    if (this.#lastSent?.handshakeType !== HandshakeType.ClientHello) return 0;
    return Math.max(...this.#flight.map(({ length }) => length));
  }

  /** Whether our Finished is out, so that only the peer's is missing. */
  get finishedSent(): boolean {
    return this.#detector.finishedSent;
  }

  /** Whether nothing was lost, as far as can be seen, before our Finished went out. */
  get wasCleanUntilFinished(): boolean {
    return this.#lossesUntilFinished === 0;
  }

  /** True when the flight repeats what has been sent before: by our timer, or by OpenSSL's while it was reading. */
  sent(flight: readonly Uint8Array[]): boolean {
    const records: WireRecord[] = [];
    for (const datagram of flight) records.push(...parseRecords(datagram));
    const repeats = this.#repeatsSent(records);
    this.#flight = flight;
    this.#datagramsSent += flight.length;
    if (repeats) {
      this.#retransmits++;
    } else {
      this.#flightsSent++;
      this.#progress++;
      this.#awaitsAnswer = true;
    }
    for (const record of records) {
      this.#lastSent = record;
      this.#highestMessageSent = Math.max(this.#highestMessageSent, record.messageSequence);
      if (record.epoch === 0) this.#highestSequenceSent = Math.max(this.#highestSequenceSent ?? 0, record.sequence);
    }
    this.#detector.sent(records, repeats);
    if (this.finishedSent) this.#lossesUntilFinished ??= this.#retransmits + this.#repeatsReceived;
    return repeats;
  }

  /**
   * Call before the session takes the datagram. True when the peer repeats its flight although our Finished must
   * have reached it by now: time to send ours again (RFC 6347 section 4.2.4, WAITING), for it may be lost.
   * `wasHeld`: it came while the user was asked, before our latest flight left.
   */
  received(datagram: Uint8Array, wasHeld = false): boolean {
    const records = parseRecords(datagram);
    if (this.#datagramsReceived++ === 0) this.#firstSequenceReceived = records[0]?.sequence ?? 0;
    this.#lastReceived = records.at(-1) ?? this.#lastReceived;
    const repeated = new Set(records.filter((record) => this.#isRepeat(record)));
    for (const { messageSequence, fragmentEnd } of records) {
      this.#highestMessageReceived = Math.max(this.#highestMessageReceived, messageSequence);
      const reached = messageSequence * 2 ** 24 + fragmentEnd;
      if (reached <= this.#farthest) continue;
      this.#farthest = reached;
      this.#progress++;
    }
    if (repeated.size > 0) this.#repeatsReceived++;
    else this.#noteProgress();
    return this.#detector.received(records, (record) => repeated.has(record), wasHeld);
  }

  /** Call when the session took a datagram and the handshake is still not complete. */
  unresolved(datagram: Uint8Array, stage: number): void {
    if (stage === Stage.AwaitingFinished) this.#detector.unresolved(parseRecords(datagram));
  }

  /** Whether the peer behaves as one with another key does. Meaningful for PSK suites only. */
  wrongKeySuspected(stage: number): boolean {
    return this.#detector.suspects(stage);
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
      mtu: this.mtu,
      ciphers: this.#ciphers,
      cipher: cipher === '' ? undefined : cipher,
      durationMs: performance.now() - this.#startedAt,
    });
  }

  #repeatsSent(records: readonly WireRecord[]): boolean {
    const message = records.find((record) => record.handshakeType !== undefined);
    return message === undefined ? this.finishedSent : message.messageSequence <= this.#highestMessageSent;
  }

  #noteProgress(): void {
    if (!this.#awaitsAnswer && this.#flightsReceived > 0) return;
    this.#flightsReceived++;
    if (this.#awaitsAnswer) this.#detector.answered();
    this.#awaitsAnswer = false;
  }

  #isRepeat(record: WireRecord): boolean {
    if (record.handshakeType === undefined) return false;
    if (record.messageSequence !== this.#highestMessageReceived) {
      return record.messageSequence < this.#highestMessageReceived;
    }
    // The same number again may be the next fragment, or a ServerHello numbered like the HelloVerifyRequest. The
    // messages that end a plaintext flight are too short for fragments.
    return (
      record.handshakeType === HandshakeType.ServerHelloDone || record.handshakeType === HandshakeType.ClientKeyExchange
    );
  }
}
