import type { Session } from '../../binding';
import type { RemoteAddress } from '../address';
import type { HandshakeFailure } from '../handshake/diagnosis';
import type { HandshakeInfo } from '../handshake/info';
import type { HandshakeRecorder } from '../handshake/recorder';
import { fatalAlertRecord, isSingleMessage } from '../handshake/wire';
import { MAX_PLAINTEXT, Status } from '../native';
import { Slab } from '../slab';
import { datagrams, SlabOutlet } from '../slab-outlet';
import type { Outlet, TransportReceiver } from '../transport';
import type { DriverSetup } from './driver-setup';
import { dataFailure, handshakeFailure } from './failure';
import { HandshakeTimer } from './handshake-timer';
import { HeldReports } from './held-reports';

const BAD_RECORD_MAC = 20;

const plaintexts = new Slab();

/**
 * Drives one session over one transport: feeds datagrams in, drains datagrams out, keeps the one timer of a
 * handshake, and reports in order. Its session is its state: without one it does nothing any more.
 */
export class SessionDriver implements TransportReceiver {
  readonly #setup: DriverSetup;
  #session: Session | undefined;
  /** Present until the handshake is complete. */
  #recorder: HandshakeRecorder | undefined;
  readonly #timer: HandshakeTimer;
  #pskIdentity = '';
  /** Where the datagrams of messages go, once the handshake is complete. */
  #outlet: Outlet | undefined;
  #closing: Promise<void> | undefined;
  readonly #held = new HeldReports();

  constructor(setup: DriverSetup) {
    this.#setup = setup;
    this.#timer = new HandshakeTimer(setup.deadlineAt, () => this.#timeout());
    this.#session = setup.session;
    this.#recorder = setup.recorder;
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
    if (this.#session === undefined) return;
    this.#settle(this.#session.start(), undefined);
    if (this.#session !== undefined) this.#setup.events.started();
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
    const isPlain = this.#recorder === undefined && !this.#held.isHolding;
    if (isPlain && isSingleMessage(bytes, offset, length)) this.#receiveMessage(this.#session, bytes, offset, length);
    else this.#receive(length === bytes.length ? bytes : bytes.subarray(offset, offset + length));
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

  #receive(datagram: Uint8Array): void {
    if (this.#recorder?.received(datagram)) this.#repeatFlight(this.#recorder);
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
    // A handshake has no keys for close_notify; and it may be a pskCallback that asks, from inside a verb.
    if (this.#recorder === undefined && !silently) {
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
    return this.#recorder?.info(this.#session?.cipherName() ?? '');
  }

  #release(): void {
    this.#timer.clear();
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
    this.#flush();
    if (this.#recorder !== undefined && this.#session !== undefined) this.#reportCredentials(this.#session);
    if (established) this.#establish();
    const kept = datagram !== undefined && this.#held.isHolding ? Buffer.from(datagram) : datagram;
    this.#held.report(() => this.#report(messages, kept, status));
  }

  #report(messages: readonly Buffer[], datagram: Uint8Array | undefined, status: number): void {
    if (datagram !== undefined) this.#deliver(messages, datagram);
    if (status === Status.Failed) this.#fail('failed');
    else if (status === Status.Closed) this.#end();
    else if (this.#recorder !== undefined) this.#continueHandshake(this.#recorder, datagram);
  }

  /** 16 KiB during a handshake: data that overtook the Finished comes out with it, whatever this datagram holds. */
  #room(datagram: Uint8Array | undefined): number {
    return this.#recorder !== undefined || datagram === undefined ? MAX_PLAINTEXT : datagram.length;
  }

  #reportCredentials(session: Session): void {
    const { events, keylog } = this.#setup;
    if (keylog) {
      const lines = session.takeKeylog();
      if (lines.length > 0) events.keylog(lines);
    }
    // It asks once.
    if (this.#pskIdentity !== '' || !session.takePskRequested()) return;
    this.#pskIdentity = session.pskIdentity().toString();
    events.pskRequested(this.#pskIdentity);
  }

  #establish(): void {
    const session = this.#session;
    const info = this.handshakeInfo();
    if (session === undefined || info === undefined) return;
    const { transport } = this.#setup;
    this.#recorder = undefined;
    this.#outlet = transport.outlet ?? new SlabOutlet(transport);
    this.#timer.clear();
    this.#held.hold();
    this.#setup.events.established(info, {
      cipherName: session.cipherName(),
      cipherStandardName: session.cipherStandardName(),
      protocol: session.protocol(),
      maxPayload: session.maxPayload(),
      pskIdentity: this.#pskIdentity,
    });
  }

  #continueHandshake(recorder: HandshakeRecorder, datagram: Uint8Array | undefined): void {
    const session = this.#session as Session;
    this.#arm();
    if (datagram === undefined) return;
    const stage = session.stage();
    recorder.unresolved(datagram, stage);
    if (recorder.wrongKeySuspected(stage) && session.cipherName().includes('PSK')) {
      this.#refuseWrongKey(recorder);
    } else {
      this.#setup.events.progressed();
    }
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

  #flush(): void {
    const { mtu, stats } = this.#setup;
    const flight: Uint8Array[] | undefined = this.#recorder === undefined ? undefined : [];
    while (this.#session !== undefined) {
      const size = this.#session.takeDatagram(datagrams.reserve(mtu), datagrams.offset);
      if (size === 0) break;
      const datagram = datagrams.take(size);
      flight?.push(datagram);
      this.#transmit(datagram);
    }
    if (flight !== undefined && flight.length > 0 && this.#recorder?.sent(flight)) stats.retransmits++;
  }

  /** Twice, so that a lossy path is not taken for a wrong key. */
  #repeatFlight(recorder: HandshakeRecorder): void {
    for (const datagram of [...recorder.flight, ...recorder.flight]) this.#transmit(datagram);
  }

  /** A user's transport may throw; that ends this association and nothing else. */
  #transmit(datagram: Uint8Array): void {
    const { transport, stats } = this.#setup;
    stats.datagramsSent++;
    stats.bytesSent += datagram.length;
    try {
      transport.send(datagram);
    } catch (error) {
      this.failed(error as Error, true);
    }
  }

  #arm(): void {
    if (this.#session !== undefined) this.#timer.arm(this.#session.timeoutMs());
  }

  #timeout(): void {
    const session = this.#session;
    if (session === undefined) return;
    if (this.#timer.isPastDeadline) {
      this.#fail('timeout');
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
    if (!recorder.finishedSent) {
      this.#transmit(fatalAlertRecord(BAD_RECORD_MAC, recorder.nextSequence));
    }
    this.#fail('wrongKey');
  }

  #end(): void {
    if (this.#session === undefined) return;
    if (this.#recorder !== undefined) {
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
    const error =
      this.#recorder === undefined
        ? dataFailure(session, this.remote)
        : handshakeFailure(this.#setup.role, session, this.#recorder, this.remote, how);
    this.#release();
    this.#setup.events.failed(error);
  }
}
