import type { Session } from '../../binding';
import { DtlsError } from '../errors';
import { diagnose, type HandshakeFailure } from '../handshake/diagnosis';
import type { HandshakeInfo } from '../handshake/info';
import type { HandshakeRecorder } from '../handshake/recorder';
import { alertName, fatalAlertRecord } from '../handshake/wire';
import { MAX_PLAINTEXT, Status } from '../native';
import { Slab } from '../slab';
import type { AssociationStats } from '../stats';
import type { RemoteAddress, Transport, TransportReceiver } from '../transport';

/** setTimeout() takes no longer waits. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const BAD_RECORD_MAC = 20;

const plaintexts = new Slab();
const datagrams = new Slab();

/** What a driver tells its association, after all datagrams are out and the timer is set. None may throw. */
export interface DriverEvents {
  /** OpenSSL asked for the pre-shared key of this identity. */
  pskRequested(identity: string): void;
  /** A datagram was taken and the handshake goes on. */
  progressed(): void;
  /** The transport is open. */
  opened(): void;
  /** The first flight is out. */
  started(): void;
  /** The retransmission timer fired. */
  retransmitted(): void;
  established(handshake: HandshakeInfo, negotiated: Negotiated): void;
  keylog(lines: Buffer): void;
  /** `datagram` is the one that carried the message. */
  message(data: Buffer, datagram: Uint8Array): void;
  /** The peer's close_notify; ours has been sent. */
  closedByPeer(): void;
  /** The handshake failed, or OpenSSL did. Never called for network noise. */
  failed(error: DtlsError): void;
  /** The transport's queue is empty again. */
  drained(): void;
  transportFailed(error: Error, fatal: boolean): void;
}

/** What the handshake settled; outlives the session. */
export interface Negotiated {
  readonly cipherName: string;
  readonly cipherStandardName: string;
  readonly protocol: string;
  /** Largest message in bytes. */
  readonly maxPayload: number;
  /** Identity that the pre-shared key belongs to. */
  readonly pskIdentity: Buffer;
}

export interface DriverSetup {
  role: 'client' | 'server';
  session: Session;
  transport: Transport;
  recorder: HandshakeRecorder;
  events: DriverEvents;
  stats: AssociationStats;
  mtu: number;
  /** When the handshake must be complete, in performance.now() milliseconds. */
  deadlineAt: number;
  /** Whether the session collects key log lines. */
  keylog: boolean;
}

/**
 * Drives one session over one transport: feeds datagrams in, drains datagrams out, keeps the one timer of a
 * handshake, and reports in order. Its session is its state: without one it does nothing any more.
 */
export class SessionDriver implements TransportReceiver {
  readonly #setup: DriverSetup;
  #session: Session | undefined;
  /** Present until the handshake is complete. */
  #recorder: HandshakeRecorder | undefined;
  #timer: NodeJS.Timeout | undefined;
  #referenced = true;

  constructor(setup: DriverSetup) {
    this.#setup = setup;
    this.#session = setup.session;
    this.#recorder = setup.recorder;
  }

  /** Opens the transport; the first flight leaves when it is open. */
  open(): void {
    this.#arm();
    this.#setup.transport.open(this);
  }

  /** Sends the first flight; on a server, the answer to the hello that its listener verified. */
  opened(): void {
    if (this.#session === undefined) return;
    this.#setup.events.opened();
    if (this.#session === undefined) return;
    this.#settle(this.#session.start(), undefined);
    this.#setup.events.started();
  }

  drained(): void {
    this.#setup.events.drained();
  }

  failed(error: Error, fatal: boolean): void {
    this.#setup.events.transportFailed(error, fatal);
  }

  /** Feeds one datagram. The bytes are not kept. */
  datagram(datagram: Uint8Array): void {
    const session = this.#session;
    if (session === undefined) return;
    const { stats } = this.#setup;
    stats.datagramsReceived++;
    stats.bytesReceived += datagram.length;
    if (this.#recorder?.received(datagram)) this.#repeatFlight(this.#recorder);
    const status = session.receive(datagram, plaintexts.reserve(this.#room(datagram)), plaintexts.offset);
    this.#settle(status, datagram);
  }

  /** Encrypts and sends one message; false when the transport's queue is over its mark. */
  send(data: Uint8Array): boolean {
    if (this.#session?.write(data) === Status.Failed) {
      this.#fail('failed');
      return true;
    }
    this.#setup.stats.messagesSent++;
    return this.#flush(false);
  }

  /** Sends close_notify, when there are keys to send it with, and releases everything. */
  async close(): Promise<void> {
    this.#session?.shutdown();
    this.#flush(false);
    this.#release();
    await this.#setup.transport.close();
  }

  ref(): void {
    this.#referenced = true;
    this.#timer?.ref();
    this.#setup.transport.ref();
  }

  unref(): void {
    this.#referenced = false;
    this.#timer?.unref();
    this.#setup.transport.unref();
  }

  get remote(): RemoteAddress | undefined {
    return this.#setup.transport.remote;
  }

  /** The handshake as it stands; undefined once it is complete or given up. */
  handshakeInfo(): HandshakeInfo | undefined {
    return this.#recorder?.info(this.#session?.cipherName() ?? '');
  }

  #release(): void {
    clearTimeout(this.#timer);
    this.#session?.destroy();
    this.#session = undefined;
    this.#recorder = undefined;
  }

  /** Everything that follows a verb: read on, drain, re-arm, and only then report. */
  #settle(first: number, datagram: Uint8Array | undefined): void {
    let status = first;
    let established = false;
    const messages: Buffer[] = [];
    // A pskCallback may have destroyed the association: then there is no session any more.
    while (this.#session !== undefined && (status > 0 || status === Status.Established)) {
      if (status === Status.Established) established = true;
      else messages.push(plaintexts.take(status));
      status = this.#session.poll(plaintexts.reserve(this.#room(datagram)), plaintexts.offset);
    }
    if (status === Status.Closed) this.#session?.shutdown();
    this.#flush(false);
    if (this.#recorder !== undefined) this.#reportCredentials();
    if (established) this.#establish();
    if (datagram !== undefined) this.#deliver(messages, datagram);
    if (status === Status.Failed) this.#fail('failed');
    else if (status === Status.Closed) this.#end();
    else if (this.#recorder !== undefined) this.#continueHandshake(this.#recorder, datagram);
  }

  /** 16 KiB during a handshake: data that overtook the Finished comes out with it, whatever this datagram holds. */
  #room(datagram: Uint8Array | undefined): number {
    return this.#recorder !== undefined || datagram === undefined ? MAX_PLAINTEXT : datagram.length;
  }

  #reportCredentials(): void {
    const { events, keylog } = this.#setup;
    if (keylog) {
      const lines = this.#session?.takeKeylog();
      if (lines !== undefined && lines.length > 0) events.keylog(lines);
    }
    if (this.#session?.takePskRequested()) events.pskRequested(this.#session.pskIdentity().toString());
  }

  #establish(): void {
    const session = this.#session;
    const info = this.handshakeInfo();
    if (session === undefined || info === undefined) return;
    this.#recorder = undefined;
    clearTimeout(this.#timer);
    this.#setup.events.established(info, {
      cipherName: session.cipherName(),
      cipherStandardName: session.cipherStandardName(),
      protocol: session.protocol(),
      maxPayload: session.maxPayload(),
      pskIdentity: session.pskIdentity(),
    });
  }

  #continueHandshake(recorder: HandshakeRecorder, datagram: Uint8Array | undefined): void {
    const session = this.#session as Session;
    this.#arm();
    if (datagram === undefined) return;
    recorder.unresolved(datagram, session.stage());
    if (recorder.wrongKeySuspected(session.stage()) && session.cipherName().includes('PSK')) {
      this.#refuseWrongKey(recorder);
    } else {
      this.#setup.events.progressed();
    }
  }

  /** In order; a listener may close the association in between. */
  #deliver(messages: Buffer[], datagram: Uint8Array): void {
    const { events, stats } = this.#setup;
    for (const message of messages) {
      if (this.#session === undefined) return;
      stats.messagesReceived++;
      events.message(message, datagram);
    }
  }

  #flush(retransmission: boolean): boolean {
    const { mtu, transport, stats } = this.#setup;
    const flight: Uint8Array[] | undefined = this.#recorder === undefined ? undefined : [];
    let taken = true;
    while (this.#session !== undefined) {
      const size = this.#session.takeDatagram(datagrams.reserve(mtu), datagrams.offset);
      if (size === 0) break;
      const datagram = datagrams.take(size);
      flight?.push(datagram);
      stats.datagramsSent++;
      stats.bytesSent += size;
      taken = transport.send(datagram);
    }
    if (flight !== undefined && flight.length > 0) this.#recorder?.sent(flight, retransmission);
    return taken;
  }

  /** Twice, so that a lossy path is not taken for a wrong key. */
  #repeatFlight(recorder: HandshakeRecorder): void {
    for (const datagram of [...recorder.flight, ...recorder.flight]) this.#setup.transport.send(datagram);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const left = Math.max(0, Math.ceil(this.#setup.deadlineAt - performance.now()));
    const retransmission = this.#session?.timeoutMs() ?? -1;
    const wait = retransmission < 0 ? left : Math.min(retransmission, left);
    this.#timer = setTimeout(() => this.#timeout(), Math.min(wait, MAX_TIMER_MS));
    if (!this.#referenced) this.#timer.unref();
  }

  #timeout(): void {
    const session = this.#session;
    if (session === undefined) return;
    if (performance.now() >= this.#setup.deadlineAt) {
      this.#fail('timeout');
      return;
    }
    const { stats, events } = this.#setup;
    const sentBefore = stats.datagramsSent;
    const status = session.handleTimeout();
    this.#flush(true);
    if (status === Status.Failed) {
      this.#fail('failed');
      return;
    }
    this.#arm();
    if (stats.datagramsSent === sentBefore) return;
    stats.retransmits++;
    events.retransmitted();
  }

  /** Tells the peer, whom silence would leave waiting for its own deadline (RFC 6347 section 4.1.2.7). */
  #refuseWrongKey(recorder: HandshakeRecorder): void {
    if (!recorder.finishedSent) {
      this.#setup.transport.send(fatalAlertRecord(BAD_RECORD_MAC, recorder.nextSequence));
    }
    this.#fail('wrongKey');
  }

  #end(): void {
    if (this.#session === undefined) return;
    if (this.#recorder !== undefined) {
      this.#fail('closed');
      return;
    }
    this.#release();
    this.#setup.events.closedByPeer();
  }

  #fail(how: HandshakeFailure['how']): void {
    const session = this.#session;
    if (session === undefined) return;
    const error = this.#recorder === undefined ? this.#dataFailure(session) : this.#handshakeFailure(session, how);
    this.#release();
    this.#setup.events.failed(error);
  }

  #handshakeFailure(session: Session, how: HandshakeFailure['how']): DtlsError {
    const recorder = this.#recorder as HandshakeRecorder;
    return diagnose({
      role: this.#setup.role,
      peer: this.#setup.transport.remote,
      how,
      info: recorder.info(session.cipherName()),
      finishedSent: recorder.finishedSent,
      reason: session.reason(),
      alertReceived: session.alertReceived(),
      alertSent: session.alertSent(),
      pskIdentity: session.pskIdentity().toString(),
      thrown: session.takeThrown(),
    });
  }

  #dataFailure(session: Session): DtlsError {
    const received = session.alertReceived();
    const peer = this.#setup.transport.remote;
    if (received >= 0) {
      const alert = alertName(received);
      return new DtlsError('ERR_DTLS_ALERT', `The peer ended the association with the alert ${alert}.`, {
        peer,
        alert,
      });
    }
    const reason = session.reason();
    return new DtlsError('ERR_DTLS_INTERNAL', `OpenSSL failed: ${reason || 'it gave no reason'}.`, { peer, reason });
  }
}
