import type { RemoteAddress } from '../address';
import { errorOf } from '../errors';
import type { HandshakeInfo } from '../handshake/info';
import { isSingleMessage } from '../handshake/wire';
import { isPromise } from '../maybe-promise';
import { binding, MAX_PLAINTEXT, Status } from '../native';
import { isPiece, noDatagram, sizeOf } from '../options/received';
import type { TransportReceiver } from '../transport';
import { DataPhase, plaintexts } from './data-phase';
import type { DriverSetup } from './driver-setup';
import { FlightSender } from './flight-sender';
import { Gate } from './gate';
import type { HandshakeParts } from './handshake-parts';
import type { HandshakePhase } from './handshake-phase';
import { HandshakeTimer } from './handshake-timer';
import { HeldReports } from './held-reports';
import { LiveSession } from './live-session';
import { outcomeOf } from './outcome';
import { PathMtu } from './path-mtu';

/** As `Session.timeoutMs` says it. */
const NO_TIMEOUT = -1;

/**
 * Drives one session over one transport: feeds datagrams in, drains datagrams out, keeps the one timer of a
 * handshake, stops at its checkpoints, and reports in order. Its session is its state: when that has ended, it does
 * nothing any more.
 */
export class SessionDriver implements TransportReceiver {
  readonly #setup: DriverSetup;
  readonly #gate: Gate;
  readonly #sender: FlightSender;
  readonly #timer: HandshakeTimer;
  readonly #live: LiveSession;
  readonly #mtu: PathMtu;
  /** Present once the handshake is complete. */
  #data: DataPhase | undefined;
  #closing: Promise<void> | undefined;
  readonly #held = new HeldReports();

  constructor(setup: DriverSetup, parts: HandshakeParts) {
    this.#setup = setup;
    this.#timer = new HandshakeTimer(setup.deadlineAt, () => this.#timeout());
    this.#gate = new Gate(
      (refusal, proceed) => (refusal === undefined ? proceed() : this.#live.refuse(refusal)),
      (datagram) => this.#admit(datagram, true),
    );
    this.#sender = new FlightSender(setup, (error) => this.failed(error, true));
    this.#live = new LiveSession(parts, setup, this.#sender, this.#timer, this.#gate);
    this.#mtu = new PathMtu(parts, setup);
  }

  /** Opens the transport; the first flight leaves when it is open. */
  open(): void {
    this.#arm();
    try {
      this.#setup.transport.open(this);
    } catch (error) {
      this.failed(error, true);
    }
  }

  /** Sends the first flight; on a server, the answer to the hello that its listener verified. */
  opened(): void {
    if (this.#live.session === undefined) return;
    if (this.#setup.transport.virtualTime) this.#live.session.useVirtualTime();
    this.#mtu.opened();
    this.#setup.events.opened();
    this.#gate.pass(this.#live.handshake?.beforeStart(), () => {
      if (this.#live.session === undefined) return;
      this.#settle(this.#live.session.start(), undefined);
      if (this.#live.session !== undefined) this.#setup.events.started();
    });
  }

  /** From now on describes the handshake on stderr. */
  trace(): void {
    this.#live.handshake?.trace();
  }

  drained(): void {
    if (this.#live.session !== undefined) this.#data?.drained();
  }

  /** The transport leads to another address: its `remote` and `outlet` are read again. */
  moved(from: RemoteAddress, to: RemoteAddress): void {
    this.#data?.moved();
    if (this.#live.session !== undefined) this.#setup.events.moved(from, to);
    if (this.#live.session !== undefined) this.#data?.resume();
  }

  /** `thrown` may be anything: a transport of the user's throws what it likes. */
  failed(thrown: unknown, fatal: boolean): void {
    if (this.#live.session === undefined) return;
    const error = errorOf(thrown);
    this.#mtu.failed(error);
    this.#setup.events.transportFailed(error, fatal);
  }

  /** Feeds one datagram. The bytes are not kept. Throws `ERR_DTLS_OPTION` when a user's transport gives none. */
  datagram(bytes: Uint8Array, offset = 0, length = sizeOf(bytes)): void {
    if (this.#live.session === undefined) return;
    if (!isPiece(bytes, offset, length)) throw noDatagram('transport', bytes);
    const { stats } = this.#setup;
    stats.datagramsReceived++;
    stats.bytesReceived += length;
    const data = this.#held.isHolding ? undefined : this.#data;
    if (data === undefined || !isSingleMessage(bytes, offset, length)) {
      this.#admit(length === bytes.length ? bytes : bytes.subarray(offset, offset + length));
      return;
    }
    const status = data.receive(bytes, offset, length);
    if (status !== Status.Idle) this.#settleData(status, bytes.subarray(offset, offset + length));
  }

  /**
   * Tries a datagram of one record that comes from another address. True when it authenticates: the peer is there now;
   * `move` is called before what the record brought is told.
   */
  adopt(datagram: Uint8Array, move: () => void): boolean {
    if (this.#live.session === undefined || this.#held.isHolding) return false;
    const status = this.#data?.adopt(datagram, move);
    if (status === undefined) return false;
    if (status !== Status.Idle) this.#settle(status, datagram);
    return true;
  }

  /** How much newer than all before a datagram of one record claims to be; 0: it is not, or no such thing. */
  recordsAhead(datagram: Uint8Array): number {
    return this.#data === undefined ? 0 : (this.#live.session?.recordsAhead(datagram) ?? 0);
  }

  #admit(datagram: Uint8Array, wasHeld = false): void {
    if (this.#gate.holds(datagram)) return;
    const lookup = this.#live.handshake?.beforeFeeding(datagram);
    if (lookup === undefined) {
      this.#receive(datagram, wasHeld);
      return;
    }
    const kept = Buffer.from(datagram);
    this.#gate.pass(lookup, () => this.#receive(kept, wasHeld));
  }

  #receive(datagram: Uint8Array, wasHeld: boolean): void {
    // The callback that was asked first may have ended the association.
    if (this.#live.session === undefined) return;
    const recorder = this.#live.handshake?.recorder;
    const isFlightMissed = recorder?.received(datagram, wasHeld);
    this.#mtu.beforeTimer();
    if (recorder !== undefined && isFlightMissed) this.#sender.repeat(recorder);
    const room = plaintexts.reserve(this.#room(datagram));
    // A transport that failed while repeating has ended the association.
    if (this.#live.session === undefined) return;
    const status = binding.receive(this.#live.handle, datagram, 0, datagram.length, room, plaintexts.offset);
    this.#settleData(status, datagram);
  }

  /** Encrypts and sends one message; false when the transport's queue is over its mark. */
  send(data: Uint8Array): boolean {
    if (this.#live.session === undefined || this.#data === undefined) return true;
    try {
      const taken = this.#data.send(data);
      if (taken === undefined) this.#live.fail('failed');
      return taken ?? true;
    } catch (error) {
      this.failed(error, true);
      return true;
    }
  }

  /** Sends an empty record that keeps the mapping of a NAT; the peer drops it. */
  keepAlive(): void {
    if (this.#live.session !== undefined) this.#sender.keepAlive();
  }

  /** Sends close_notify, when there are keys to send it with, and releases everything; once, however often called. */
  close({ silently = false } = {}): Promise<void> {
    this.#closing ??= this.#close(silently);
    return this.#closing;
  }

  async #close(silently: boolean): Promise<void> {
    this.#live.close(silently);
    await this.#setup.transport.close();
  }

  ref(): void {
    this.#timer.ref();
    this.#setup.transport.ref();
  }

  unref(): void {
    this.#timer.unref();
    this.#setup.transport.unref();
  }

  get remote(): RemoteAddress | undefined {
    return this.#live.remote;
  }

  /** The handshake as it stands; undefined once it is complete or given up. */
  handshakeInfo(): HandshakeInfo | undefined {
    return this.#live.handshake?.info();
  }

  /** A datagram that came to nothing ends here. */
  #settleData(status: number, datagram: Uint8Array): void {
    if (status > Status.Forged) this.#settle(status, datagram);
    else if (this.#data?.drop(status, datagram)) this.#live.forged(this.#data.forged);
  }

  /** Everything that follows a verb: read on, drain, re-arm, and only then report. */
  #settle(first: number, datagram: Uint8Array | undefined): void {
    let status = first;
    let established = false;
    const messages: Buffer[] = [];
    while (this.#live.session !== undefined && (status > 0 || status === Status.Established)) {
      if (status === Status.Established) established = true;
      else messages.push(plaintexts.take(status));
      status = this.#live.session.poll(plaintexts.reserve(this.#room(datagram)), plaintexts.offset);
    }
    // Whatever else the datagram brought, a failure included: nothing leaves or is delivered before the verdict.
    const answer = this.#live.handshake?.beforeFlushing();
    const kept = datagram !== undefined && isPromise(answer) ? Buffer.from(datagram) : datagram;
    this.#gate.pass(answer, () => this.#conclude(messages, kept, status, established));
  }

  #conclude(messages: readonly Buffer[], datagram: Uint8Array | undefined, status: number, established: boolean): void {
    if (this.#live.flush() && this.#data !== undefined) this.#mtu.repeated();
    this.#live.handshake?.report(this.#setup);
    if (established) this.#establish();
    const kept = datagram !== undefined && this.#held.isHolding ? Buffer.from(datagram) : datagram;
    this.#held.report(() => this.#report(messages, kept, status));
  }

  #report(messages: readonly Buffer[], datagram: Uint8Array | undefined, status: number): void {
    if (datagram !== undefined) this.#deliver(messages, datagram);
    if (status === Status.Failed) this.#live.fail('failed');
    else if (status === Status.Closed) this.#live.closedByPeer();
    else if (this.#live.handshake !== undefined) this.#continueHandshake(this.#live.handshake, datagram);
  }

  /** 16 KiB during a handshake: data that overtook the Finished comes out with it, whatever this datagram holds. */
  #room(datagram: Uint8Array | undefined): number {
    return this.#live.handshake !== undefined || datagram === undefined ? MAX_PLAINTEXT : datagram.length;
  }

  #establish(): void {
    const session = this.#live.session;
    const handshake = this.#live.handshake;
    if (session === undefined || handshake === undefined) return;
    const cipherName = session.cipherName();
    const info = handshake.info(cipherName);
    const outcome = outcomeOf(session, cipherName, this.#mtu.established(), handshake.standing(cipherName));
    this.#live.established();
    this.#data = new DataPhase(this.#live, this.#setup, cipherName);
    this.#held.hold();
    this.#setup.events.established(info, outcome);
  }

  #continueHandshake(handshake: HandshakePhase, datagram: Uint8Array | undefined): void {
    this.#arm();
    if (datagram === undefined) return;
    if (handshake.showsWrongKey(datagram)) this.#live.refuseWrongKey(handshake);
    else this.#setup.events.progressed();
  }

  /** In order; a listener may close the association in between. */
  #deliver(messages: readonly Buffer[], datagram: Uint8Array): void {
    const { events, stats } = this.#setup;
    for (const message of messages) {
      if (this.#live.session === undefined) return;
      stats.messagesReceived++;
      events.message(message, datagram, 0, datagram.length);
    }
  }

  #arm(): void {
    if (this.#live.session === undefined) return;
    // While the user is asked, OpenSSL has nothing to send again; our deadline holds.
    this.#timer.arm(this.#gate.isClosed ? NO_TIMEOUT : this.#live.session.timeoutMs(performance.now()));
  }

  #timeout(): void {
    const session = this.#live.session;
    if (session === undefined) return;
    if (this.#timer.isPastDeadline) {
      this.#live.fail('timeout');
      return;
    }
    if (this.#gate.isClosed) {
      this.#arm();
      return;
    }
    const { stats, events } = this.#setup;
    const sentBefore = stats.datagramsSent;
    this.#mtu.beforeTimer();
    const status = session.handleTimeout(performance.now());
    this.#live.flush();
    // OpenSSL gives up at the 13th timeout, which a short retransmit.max can bring before the deadline.
    if (status === Status.Failed) this.#live.fail('failed');
    if (this.#live.session === undefined) return;
    this.#arm();
    if (stats.datagramsSent > sentBefore) events.retransmitted();
  }
}
