import type { Session, SessionHandle } from '../../binding';
import { isRemoteAddress, type RemoteAddress } from '../address';
import type { DtlsError } from '../errors';
import type { HandshakeFailure } from '../handshake/diagnosis';
import type { HandshakeRecorder } from '../handshake/recorder';
import { Alert } from '../handshake/wire';
import { tellAlerts } from './alerts';
import type { Refusal } from './checkpoint';
import type { DriverSetup } from './driver-setup';
import { dataFailure, forgedError, handshakeFailure, refusalError } from './failure';
import type { FlightSender } from './flight-sender';
import type { Gate } from './gate';
import type { HandshakeParts } from './handshake-parts';
import { HandshakePhase } from './handshake-phase';
import type { HandshakeTimer } from './handshake-timer';

/**
 * A session as long as it lives, its handshake as long as that runs, and every way in which they end: what the peer is
 * told, then what the user is. Each does nothing when the session has ended before.
 */
export class LiveSession {
  /** The session's, which outlives it. */
  readonly handle: SessionHandle;
  readonly #setup: DriverSetup;
  readonly #sender: FlightSender;
  readonly #timer: HandshakeTimer;
  readonly #gate: Gate;
  #session: Session | undefined;
  #handshake: HandshakePhase | undefined;

  /** `sender`, `timer` and `gate` are stopped with the session. */
  constructor(parts: HandshakeParts, setup: DriverSetup, sender: FlightSender, timer: HandshakeTimer, gate: Gate) {
    this.#setup = setup;
    this.#sender = sender;
    this.#timer = timer;
    this.#gate = gate;
    this.#session = parts.session;
    this.handle = parts.session.handle();
    this.#handshake = new HandshakePhase(parts);
  }

  /** Undefined once it has ended. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** Undefined once it is complete, or has ended. */
  get handshake(): HandshakePhase | undefined {
    return this.#handshake;
  }

  get remote(): RemoteAddress | undefined {
    const { remote } = this.#setup.transport;
    return isRemoteAddress(remote) ? remote : undefined;
  }

  /** Sends what OpenSSL has to say. True: there was something, and nothing ended by it. */
  flush(): boolean {
    return this.#session !== undefined && this.#sender.flush(this.#session, this.#handshake?.recorder);
  }

  /** The handshake is complete; the session lives on. */
  established(): void {
    this.#handshake?.untrace();
    this.#handshake = undefined;
    this.#timer.clear();
  }

  /** This side's own wish. */
  close(silently: boolean): void {
    // A handshake has no keys for close_notify.
    if (this.#handshake === undefined && !silently) this.#notifyPeer();
    this.#release();
  }

  /** The peer's close_notify came, which ours answers. */
  closedByPeer(): void {
    if (this.#handshake !== undefined) {
      this.fail('closed');
      return;
    }
    if (!this.#notifyPeer()) return;
    this.#release();
    this.#setup.events.closedByPeer();
  }

  /** So many records were forged that new keys are needed. */
  forged(count: number): void {
    if (this.#notifyPeer()) this.#end(forgedError(count, this.remote));
  }

  /** A checkpoint says no. The peer has not seen our change of cipher: what OpenSSL had to say never leaves. */
  refuse(refusal: Refusal): void {
    const handshake = this.#handshake;
    if (handshake === undefined) return;
    this.#sender.alert(refusal.alert, handshake.recorder);
    if (this.#session !== undefined) this.#end(refusalError(refusal, this.remote, handshake.info()));
  }

  /** Tells the peer, whom silence would leave waiting for its own deadline (RFC 6347 section 4.1.2.7). */
  refuseWrongKey({ recorder }: HandshakePhase): void {
    if (!recorder.finishedSent) this.#sender.alert(Alert.BadRecordMac, recorder);
    this.fail('wrongKey');
  }

  fail(how: HandshakeFailure['how']): void {
    const session = this.#session;
    if (session === undefined) return;
    const handshake = this.#handshake;
    if (how === 'failed' && handshake !== undefined) this.#breakSilence(session, handshake.recorder);
    // A transport that failed over the alert has ended the association.
    if (this.#session === undefined) return;
    this.#end(
      handshake === undefined
        ? dataFailure(session, this.remote)
        : handshakeFailure(handshake.parts, this.remote, how, this.#gate.isClosed),
    );
  }

  /** OpenSSL refuses some messages, for their header, without an alert: the peer would wait for its own deadline. */
  #breakSilence(session: Session, recorder: HandshakeRecorder): void {
    const isSilent = session.reason() === '' && session.alertSent() < 0 && session.alertReceived() < 0;
    // A client whose hello was damaged hears nothing, and sends it again.
    const isAwaited = recorder.flight.length > 0;
    if (isSilent && isAwaited && !recorder.finishedSent) this.#sender.alert(Alert.IllegalParameter, recorder);
  }

  /** Sends close_notify. False when the session has ended, perhaps because the transport failed over it. */
  #notifyPeer(): boolean {
    this.#session?.shutdown();
    this.flush();
    return this.#session !== undefined;
  }

  #end(error: DtlsError): void {
    this.#release();
    this.#setup.events.failed(error);
  }

  #release(): void {
    const session = this.#session;
    this.#timer.clear();
    this.#session = undefined;
    this.#handshake = undefined;
    this.#gate.abandon();
    this.#sender.stop();
    if (session === undefined) return;
    const received = session.alertReceived();
    const sent = this.#sender.ownAlert ?? session.alertSent();
    session.destroy();
    tellAlerts(this.#setup, received, sent);
  }
}
