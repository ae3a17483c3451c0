import type { Session } from '../../binding';
import type { RemoteAddress } from '../address';
import type { DtlsError } from '../errors';
import type { HandshakeFailure } from '../handshake/diagnosis';
import type { HandshakeInfo } from '../handshake/info';
import type { HandshakeRecorder } from '../handshake/recorder';
import { Alert, isSingleMessage } from '../handshake/wire';
import { isPromise } from '../maybe-promise';
import { MAX_PLAINTEXT, Status } from '../native';
import { Slab } from '../slab';
import { SlabOutlet } from '../slab-outlet';
import type { Outlet, TransportReceiver } from '../transport';
import type { Refusal } from './checkpoint';
import type { DriverSetup } from './driver-setup';
import { dataFailure, handshakeFailure, refusalError } from './failure';
import { FlightSender } from './flight-sender';
import { Gate } from './gate';
import type { HandshakeParts } from './handshake-parts';
import { HandshakePhase } from './handshake-phase';
import { HandshakeTimer } from './handshake-timer';
import { HeldReports } from './held-reports';
import { outcomeOf } from './outcome';

/** As `Session.timeoutMs` says it. */
const NO_TIMEOUT = -1;

const plaintexts = new Slab();

/**
 * Drives one session over one transport: feeds datagrams in, drains datagrams out, keeps the one timer of a
 * handshake, stops at its checkpoints, and reports in order. Its session is its state: without one it does nothing any
 * more.
 */
export class SessionDriver implements TransportReceiver {
  readonly #setup: DriverSetup;
  #session: Session | undefined;
  /** Present until the handshake is complete. */
  #handshake: HandshakePhase | undefined;
  readonly #gate: Gate;
  readonly #sender: FlightSender;
  readonly #timer: HandshakeTimer;
  #traces = false;
  /** Where the datagrams of messages go, once the handshake is complete. */
  #outlet: Outlet | undefined;
  #closing: Promise<void> | undefined;
  readonly #held = new HeldReports();

  constructor(setup: DriverSetup, parts: HandshakeParts) {
    this.#setup = setup;
    this.#timer = new HandshakeTimer(setup.deadlineAt, () => this.#timeout());
    this.#gate = new Gate(
      (refusal, proceed) => (refusal === undefined ? proceed() : this.#refuse(refusal)),
      (datagram) => this.#admit(datagram, true),
    );
    this.#sender = new FlightSender(setup, (error) => this.failed(error, true));
    this.#session = parts.session;
    this.#handshake = new HandshakePhase(parts);
  }

  /** Opens the transport; the first flight leaves when it is open. */
  open(): void {
    this.#arm();
    try {
      this.#setup.transport.open(this);
    } catch (error) {
      this.failed(error as Error, true);
    }
  }

  /** Sends the first flight; on a server, the answer to the hello that its listener verified. */
  opened(): void {
    if (this.#session === undefined) return;
    this.#setup.events.opened();
    this.#gate.pass(this.#handshake?.beforeStart(), () => {
      if (this.#session === undefined) return;
      this.#settle(this.#session.start(), undefined);
      if (this.#session !== undefined) this.#setup.events.started();
    });
  }

  /** From now on describes the handshake on stderr. */
  trace(): void {
    if (this.#handshake === undefined) return;
    this.#traces = true;
    this.#handshake.parts.session.setTrace(true);
  }

  drained(): void {
    if (this.#outlet !== undefined && this.#session !== undefined) this.#setup.events.drained();
  }

  failed(error: Error, fatal: boolean): void {
    if (this.#session !== undefined) this.#setup.events.transportFailed(error, fatal);
  }

  /** Feeds one datagram. The bytes are not kept. */
  datagram(bytes: Uint8Array, offset = 0, length = bytes.length): void {
    if (this.#session === undefined) return;
    const { stats } = this.#setup;
    stats.datagramsReceived++;
    stats.bytesReceived += length;
    const isPlain = this.#handshake === undefined && !this.#held.isHolding;
    if (isPlain && isSingleMessage(bytes, offset, length)) this.#receiveMessage(this.#session, bytes, offset, length);
    else this.#admit(length === bytes.length ? bytes : bytes.subarray(offset, offset + length));
  }

  #admit(datagram: Uint8Array, wasHeld = false): void {
    if (this.#gate.holds(datagram)) return;
    const lookup = this.#handshake?.beforeFeeding(datagram);
    if (lookup === undefined) {
      this.#receive(datagram, wasHeld);
      return;
    }
    const kept = Buffer.from(datagram);
    this.#gate.pass(lookup, () => this.#receive(kept, wasHeld));
  }

  /** The common case, without what a handshake or a datagram of several records needs. */
  #receiveMessage(session: Session, bytes: Uint8Array, offset: number, length: number): void {
    const status = session.receive(bytes, offset, length, plaintexts.reserve(length), plaintexts.offset);
    if (status > 0) {
      this.#setup.stats.messagesReceived++;
      this.#setup.events.message(plaintexts.take(status), bytes, offset, length);
    } else if (status !== Status.Idle) {
      this.#settle(status, bytes.subarray(offset, offset + length));
    }
  }

  #receive(datagram: Uint8Array, wasHeld: boolean): void {
    const recorder = this.#handshake?.recorder;
    if (recorder?.received(datagram, wasHeld)) this.#sender.repeat(recorder);
    const room = plaintexts.reserve(this.#room(datagram));
    // A transport that failed while repeating has ended the association.
    const status = this.#session?.receive(datagram, 0, datagram.length, room, plaintexts.offset) ?? Status.Idle;
    this.#settle(status, datagram);
  }

  /** Encrypts and sends one message; false when the transport's queue is over its mark. */
  send(data: Uint8Array): boolean {
    const outlet = this.#outlet;
    if (this.#session === undefined || outlet === undefined) return true;
    const { mtu, stats } = this.#setup;
    const room = outlet.reserve(mtu);
    const size = this.#session.write(data, room, outlet.offset);
    if (size <= 0) {
      this.#fail('failed');
      return true;
    }
    stats.messagesSent++;
    stats.datagramsSent++;
    stats.bytesSent += size;
    try {
      return outlet.commit(size);
    } catch (error) {
      this.failed(error as Error, true);
      return true;
    }
  }

  /** Sends close_notify, when there are keys to send it with, and releases everything; once, however often called. */
  close({ silently = false } = {}): Promise<void> {
    this.#closing ??= this.#close(silently);
    return this.#closing;
  }

  async #close(silently: boolean): Promise<void> {
    // A handshake has no keys for close_notify.
    if (this.#handshake === undefined && !silently) {
      this.#session?.shutdown();
      this.#flush();
    }
    this.#release();
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
    return this.#setup.transport.remote;
  }

  /** The handshake as it stands; undefined once it is complete or given up. */
  handshakeInfo(): HandshakeInfo | undefined {
    return this.#handshake?.info();
  }

  #release(): void {
    this.#timer.clear();
    this.#session?.destroy();
    this.#session = undefined;
    this.#handshake = undefined;
    this.#gate.abandon();
    this.#sender.stop();
  }

  #flush(): void {
    if (this.#session !== undefined) this.#sender.flush(this.#session, this.#handshake?.recorder);
  }

  /** Everything that follows a verb: read on, drain, re-arm, and only then report. */
  #settle(first: number, datagram: Uint8Array | undefined): void {
    let status = first;
    let established = false;
    const messages: Buffer[] = [];
    while (this.#session !== undefined && (status > 0 || status === Status.Established)) {
      if (status === Status.Established) established = true;
      else messages.push(plaintexts.take(status));
      status = this.#session.poll(plaintexts.reserve(this.#room(datagram)), plaintexts.offset);
    }
    // Whatever else the datagram brought, a failure included: nothing leaves or is delivered before the verdict.
    const answer = this.#handshake?.beforeFlushing();
    const kept = datagram !== undefined && isPromise(answer) ? Buffer.from(datagram) : datagram;
    this.#gate.pass(answer, () => this.#conclude(messages, kept, status, established));
  }

  #conclude(messages: readonly Buffer[], datagram: Uint8Array | undefined, status: number, established: boolean): void {
    this.#flush();
    if (this.#handshake !== undefined) this.#reportCredentials(this.#handshake);
    if (established) this.#establish();
    const kept = datagram !== undefined && this.#held.isHolding ? Buffer.from(datagram) : datagram;
    this.#held.report(() => this.#report(messages, kept, status));
  }

  #report(messages: readonly Buffer[], datagram: Uint8Array | undefined, status: number): void {
    if (datagram !== undefined) this.#deliver(messages, datagram);
    if (status === Status.Failed) this.#fail('failed');
    else if (status === Status.Closed) this.#closedByPeer();
    else if (this.#handshake !== undefined) this.#continueHandshake(this.#handshake, datagram);
  }

  /** 16 KiB during a handshake: data that overtook the Finished comes out with it, whatever this datagram holds. */
  #room(datagram: Uint8Array | undefined): number {
    return this.#handshake !== undefined || datagram === undefined ? MAX_PLAINTEXT : datagram.length;
  }

  #reportCredentials(handshake: HandshakePhase): void {
    const { events, keylog } = this.#setup;
    const { session } = handshake.parts;
    if (this.#traces) process.stderr.write(session.takeTrace());
    if (keylog) {
      const lines = session.takeKeylog();
      if (lines.length > 0) events.keylog(lines);
    }
    // Whoever heard of the key log may have ended the association.
    const identity = this.#session && handshake.takePskIdentity();
    if (identity !== undefined) events.pskRequested(identity);
  }

  #establish(): void {
    const session = this.#session;
    const handshake = this.#handshake;
    if (session === undefined || handshake === undefined) return;
    const { transport } = this.#setup;
    const info = handshake.info();
    const outcome = outcomeOf(session, handshake.standing());
    this.#handshake = undefined;
    this.#outlet = transport.outlet ?? new SlabOutlet(transport);
    this.#timer.clear();
    this.#held.hold();
    if (this.#traces) session.setTrace(false);
    this.#setup.events.established(info, outcome);
  }

  #continueHandshake(handshake: HandshakePhase, datagram: Uint8Array | undefined): void {
    this.#arm();
    if (datagram === undefined) return;
    if (handshake.showsWrongKey(datagram)) this.#refuseWrongKey(handshake.recorder);
    else this.#setup.events.progressed();
  }

  /** In order; a listener may close the association in between. */
  #deliver(messages: readonly Buffer[], datagram: Uint8Array): void {
    const { events, stats } = this.#setup;
    for (const message of messages) {
      if (this.#session === undefined) return;
      stats.messagesReceived++;
      events.message(message, datagram, 0, datagram.length);
    }
  }

  #arm(): void {
    if (this.#session === undefined) return;
    // While the user is asked, OpenSSL has nothing to send again; our deadline holds.
    this.#timer.arm(this.#gate.isClosed ? NO_TIMEOUT : this.#session.timeoutMs());
  }

  #timeout(): void {
    const session = this.#session;
    if (session === undefined) return;
    if (this.#timer.isPastDeadline) {
      this.#fail('timeout');
      return;
    }
    if (this.#gate.isClosed) {
      this.#arm();
      return;
    }
    const { stats, events } = this.#setup;
    const sentBefore = stats.datagramsSent;
    const status = session.handleTimeout();
    this.#flush();
    // OpenSSL gives up at the 13th timeout, which a short retransmit.max can bring before the deadline.
    if (status === Status.Failed) this.#fail('failed');
    if (this.#session === undefined) return;
    this.#arm();
    if (stats.datagramsSent > sentBefore) events.retransmitted();
  }

  /** Tells the peer, whom silence would leave waiting for its own deadline (RFC 6347 section 4.1.2.7). */
  #refuseWrongKey(recorder: HandshakeRecorder): void {
    if (!recorder.finishedSent) this.#sender.alert(Alert.BadRecordMac, recorder);
    this.#fail('wrongKey');
  }

  /** The peer has not seen our change of cipher: it reads an alert in clear. What OpenSSL had to say never leaves. */
  #refuse(refusal: Refusal): void {
    const handshake = this.#handshake;
    if (this.#session === undefined || handshake === undefined) return;
    this.#sender.alert(refusal.alert, handshake.recorder);
    if (this.#session !== undefined) this.#end(refusalError(refusal, this.remote, handshake.info()));
  }

  #closedByPeer(): void {
    if (this.#session === undefined) return;
    if (this.#handshake !== undefined) {
      this.#fail('closed');
      return;
    }
    this.#session.shutdown();
    this.#flush();
    // The transport may have failed over our answer, and told so.
    if (this.#session === undefined) return;
    this.#release();
    this.#setup.events.closedByPeer();
  }

  #fail(how: HandshakeFailure['how']): void {
    const session = this.#session;
    if (session === undefined) return;
    const handshake = this.#handshake;
    this.#end(
      handshake === undefined
        ? dataFailure(session, this.remote)
        : handshakeFailure(handshake.parts, this.remote, how, this.#gate.isClosed),
    );
  }

  #end(error: DtlsError): void {
    this.#release();
    this.#setup.events.failed(error);
  }
}
