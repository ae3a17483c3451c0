import type { RemoteAddress } from '../address';
import { publishAlert, publishDrop, publishHandshake, publishMigration, publishRetransmission } from '../diagnostics';
import { emitSafely } from '../emit';
import { DtlsError } from '../errors';
import type { HandshakeInfo } from '../handshake/info';
import type { Narrator } from '../qt/narrator';
import type { DropReason } from '../stats';
import type { DtlsAssociation } from './association';
import type { DriverEvents } from './driver-setup';
import type { DtlsAssociationEvents } from './events';
import type { Outcome } from './outcome';
import type { Host } from './peer-setup';
import type { AssociationState } from './state';

/**
 * What an association does about what its driver tells; the rest only has to be told on. All associations have the same:
 * functions of their own would be most of what V8 keeps of an idle one.
 */
export interface Reactions {
  opened(association: DtlsAssociation): void;
  retransmitted(association: DtlsAssociation): void;
  resized(association: DtlsAssociation, maxPayload: number): void;
  established(association: DtlsAssociation, handshake: HandshakeInfo, outcome: Outcome): void;
  /** Before anybody else hears of it. Returns how many were too slow to take the message. */
  received(association: DtlsAssociation, message: Buffer): number;
  closedByPeer(association: DtlsAssociation): void;
  failed(association: DtlsAssociation, error: DtlsError): void;
  transportFailed(association: DtlsAssociation, error: Error, fatal: boolean): void;
}

/** Tells of an association in all three ways: by its events, on the diagnostics channels, in the texts of Qt. */
export class Announcer implements DriverEvents {
  readonly narrator: Narrator;
  readonly #association: DtlsAssociation;
  readonly #reactions: Reactions;
  /** On a server. */
  readonly #host: Host | undefined;

  constructor(association: DtlsAssociation, narrator: Narrator, reactions: Reactions, host?: Host) {
    this.#association = association;
    this.narrator = narrator;
    this.#reactions = reactions;
    this.#host = host;
  }

  opened(): void {
    this.#reactions.opened(this.#association);
  }

  started(): void {
    this.narrator.started();
  }

  pskRequested(identity: string): void {
    this.narrator.pskRequested(identity);
  }

  progressed(): void {
    this.narrator.continuing();
  }

  retransmitted(): void {
    this.narrator.retransmitting?.();
    publishRetransmission(this.#association);
    this.emit('handshakeTimeout');
    this.#reactions.retransmitted(this.#association);
  }

  resized(maxPayload: number): void {
    this.#reactions.resized(this.#association, maxPayload);
  }

  established(handshake: HandshakeInfo, outcome: Outcome): void {
    this.#reactions.established(this.#association, handshake, outcome);
  }

  keylog(lines: Buffer): void {
    this.#host?.keylog(lines);
    this.emit('keylog', lines);
  }

  message(data: Buffer, bytes: Uint8Array, offset: number, length: number): void {
    const association = this.#association;
    association.stats.messagesDropped += this.#reactions.received(association, data);
    this.emit('message', data);
    if (this.narrator.isAskedForMessages) this.narrator.message(bytes.subarray(offset, offset + length), data);
  }

  drained(): void {
    this.emit('drain');
  }

  moved(from: RemoteAddress, to: RemoteAddress): void {
    publishMigration(this.#association, from, to);
    this.emit('addressChange', from, to);
  }

  dropped(reason: DropReason): void {
    publishDrop(this.#association, reason);
  }

  alert(direction: 'sent' | 'received', alert: number): void {
    publishAlert(this.#association, direction, alert);
  }

  closedByPeer(): void {
    this.#reactions.closedByPeer(this.#association);
  }

  failed(error: DtlsError): void {
    this.#reactions.failed(this.#association, error);
  }

  transportFailed(error: Error, fatal: boolean): void {
    this.#reactions.transportFailed(this.#association, error, fatal);
  }

  /** What is lost in this state, and why. */
  lost(state: AssociationState, { message }: DtlsError): void {
    if (state === 'open') this.narrator.failed(message);
    else if (state === 'connecting') this.narrator.startFailed?.(message);
    else this.narrator.handshakeFailed(message);
  }

  /** A handshake is over: complete, unless there is an error. */
  handshake(info: HandshakeInfo | undefined, error?: Error): void {
    publishHandshake(this.#association, info ?? (DtlsError.is(error) ? error.handshake : undefined), error);
  }

  secureConnect(): void {
    this.#host?.opened();
    if (this.#association.state === 'open') this.emit('secureConnect');
  }

  /** What `getSession()` returns; asked for only when somebody listens. */
  session(): void {
    const session = this.#association.listenerCount('session') > 0 ? this.#association.getSession() : undefined;
    if (session !== undefined) this.emit('session', session);
  }

  /** An error of which nobody can have heard otherwise is thrown, as by any EventEmitter. */
  error(error: Error, isHeard: boolean): void {
    const association = this.#association;
    const isTold = isHeard || this.#host !== undefined || association.listenerCount('errorMessage') > 0;
    this.#host?.failed(error);
    if (!isTold || association.listenerCount('error') > 0) this.emit('error', error);
  }

  emit<E extends keyof DtlsAssociationEvents>(event: E, ...args: DtlsAssociationEvents[E]): void {
    emitSafely(this.#association, event, ...args);
  }
}
