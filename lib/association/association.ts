import type { RemoteAddress } from '../address';
import { rethrowLater } from '../emit';
import { closedEarlyError, DtlsError, isError, notOpenError, optionError } from '../errors';
import type { HandshakeInfo } from '../handshake/info';
import { show } from '../options/check';
import { type ConnectOptions, parseConnectOptions } from '../options/client';
import type { SessionConfig } from '../options/session';
import { ClientNarrator } from '../qt/narrator';
import { type SeedOptions, seedOptions } from '../qt/seed';
import { type AssociationStats, newAssociationStats } from '../stats';
import type { Transport } from '../transport';
import { Announcer, type Reactions } from './announcer';
import { transportError } from './client-connector';
import { type ClientEvents, ClientSide } from './client-side';
import type { DriverSetup } from './driver-setup';
import type { CloseInfo } from './events';
import { Followers } from './followers';
import type { HandshakeParts } from './handshake-parts';
import { messageBytes } from './message-bytes';
import type { Outcome } from './outcome';
import { PeerSetup } from './peer-setup';
import { attachSession, detachSession, resizeMessages, SecureChannel } from './secure-channel';
import { SessionDriver } from './session-driver';
import { type AssociationState, isOver, move } from './state';

let endPeer: (association: DtlsAssociation, reason: 'idle' | 'replaced' | 'drained') => void;
let adoptDatagram: (association: DtlsAssociation, datagram: Uint8Array, move: () => void) => boolean;
let tellMoved: (association: DtlsAssociation, from: RemoteAddress, to: RemoteAddress) => void;
let recordsAhead: (association: DtlsAssociation, datagram: Uint8Array) => number;
let reactions: Reactions;
let clientEvents: ClientEvents;

/**
 * One DTLS association: messages to and from one peer over UDP, encrypted. Named after the class of Qt's DTLS
 * client example and modelled on it; a server hands out the same class.
 *
 * As a client: construct, `startHandshake()`, wait for `opened` or `secureConnect`, `send`, `close`; `connect()`
 * does the first three. Throws `ERR_DTLS_OPTION` when an option cannot be used.
 */
export class DtlsAssociation extends SecureChannel {
  readonly name: string;
  readonly stats: AssociationStats = newAssociationStats();
  readonly #config: SessionConfig;
  /** Absent on a server. */
  readonly #client: ClientSide | undefined;
  readonly #announcer: Announcer;
  readonly #followers = new Followers<this>();
  #state: AssociationState = 'idle';
  #driver: SessionDriver | undefined;
  #deadlineAt = 0;
  #handshake: HandshakeInfo | undefined;
  #referenced = true;
  #traces = false;

  static {
    endPeer = (association, reason) => association.#finish({ reason });
    adoptDatagram = (association, datagram, move) => association.#driver?.adopt(datagram, move) ?? false;
    tellMoved = (association, from, to) => association.#driver?.moved(from, to);
    recordsAhead = (association, datagram) => association.#driver?.recordsAhead(datagram) ?? 0;
    reactions = {
      opened: (association) => association.#connected(),
      retransmitted: (association) => association.#client?.connector?.retransmitted(),
      resized: resizeMessages,
      established: (association, handshake, outcome) => association.#established(handshake, outcome),
      received: (association, message) => association.#followers.push(message),
      closedByPeer: (association) => association.#closedByPeer(),
      failed: (association, error) => association.#fail(error),
      transportFailed: (association, error, fatal) => association.#transportFailed(error, fatal),
    };
    clientEvents = {
      lookup: (association, address) => association.#announcer.emit('lookup', address),
      attempt: (association, transport) => association.#attempt(transport),
      failed: (association, error) => association.#fail(error),
      due: (association) => association.#connect(),
      aborted: (association, error) => association.#finish({ reason: 'error', error }),
    };
  }

  constructor(options: ConnectOptions);
  constructor(host: string, port: number, name?: string, options?: SeedOptions);
  /** @internal */
  constructor(setup: PeerSetup);
  constructor(first: ConnectOptions | PeerSetup | string, port?: number, name?: string, options?: SeedOptions) {
    super();
    if (first instanceof PeerSetup) {
      const { config, name, narrator, host } = first.parts;
      this.#config = config;
      this.name = name;
      this.#announcer = new Announcer(this, narrator, reactions, host);
      this.#state = move(this.#state, 'handshaking');
      this.#deadlineAt = performance.now() + config.handshakeTimeoutMs;
      // What keeps the process alive is the server's socket.
      this.#referenced = false;
      this.#drive(first.parts, first.parts.transport);
      return;
    }
    const config = parseConnectOptions(typeof first === 'string' ? seedOptions(first, port, name, options) : first);
    this.#config = config;
    this.name = config.name;
    this.#announcer = new Announcer(this, new ClientNarrator(this, this.name), reactions);
    this.#client = new ClientSide(config, this, clientEvents);
  }

  /** Which end of the handshake this is. */
  get role(): 'client' | 'server' {
    return this.#client === undefined ? 'server' : 'client';
  }

  get state(): AssociationState {
    return this.#state;
  }

  /** The peer; before a client has one, its host and port as given, with family unknown. */
  get remote(): RemoteAddress {
    const { host = '', port = 0 } = this.#client?.config ?? {};
    return this.#driver?.remote ?? { address: host, port, family: 'unknown' };
  }

  /** Resolves when the handshake is complete; rejects with what prevented it. */
  get opened(): Promise<this> {
    return this.#followers.opened;
  }

  /** Resolves when everything is released, whatever ended the association. */
  get closed(): Promise<CloseInfo> {
    return this.#followers.closed;
  }

  /** How the handshake went, once it is complete. */
  get handshake(): HandshakeInfo | undefined {
    return this.#handshake;
  }

  /**
   * Before the handshake: describes each of its messages on stderr, as the option `enableTrace`. For debugging only.
   */
  enableTrace(): void {
    this.#traces = true;
    this.#driver?.trace();
  }

  /** Starts a client's handshake; its end shows in `opened`. Throws `ERR_DTLS_STATE` when called twice. */
  startHandshake(): this {
    if (this.#client === undefined || this.#state !== 'idle') {
      throw new DtlsError('ERR_DTLS_STATE', `startHandshake: the association is ${this.#state}, not idle.`);
    }
    this.#client.heedSignal();
    if (this.#is('idle')) this.#connect();
    return this;
  }

  /**
   * Encrypts and sends one message of 1 to `maxPayload` bytes, strings as UTF-8. False: taken, but the queue is
   * over its mark, or kept by `reconnect.queue`; wait for `drain`. Throws `ERR_DTLS_STATE` when the association is
   * not open and `ERR_DTLS_MESSAGE_SIZE` when the message does not fit a datagram.
   */
  send(data: string | Uint8Array): boolean {
    const driver = this.#driver;
    if (this.#state === 'open' && driver !== undefined) return driver.send(messageBytes(data, this.maxPayload));
    const backlog = this.#followers.wasOpen ? this.#client?.backlog : undefined;
    if (backlog === undefined || isOver(this.#state)) throw notOpenError(this.#state);
    backlog.add(messageBytes(data, this.maxPayload));
    return false;
  }

  /** Sends close_notify, flushes and releases. Resolves when done; may be called in any state, and again. */
  close(): Promise<CloseInfo> {
    this.#finish({ reason: 'local' });
    return this.#followers.released;
  }

  /**
   * As `close`, without waiting; an `error` given is emitted and tells why in `closed`. null is none. Throws
   * `ERR_DTLS_OPTION` for what is no Error.
   */
  destroy(error?: Error | null): void {
    if (error !== undefined && error !== null && !isError(error)) {
      throw optionError('error', error, `destroy: an Error is expected, not ${show(error)}.`);
    }
    this.#finish(error ? { reason: 'error', error } : { reason: 'local' });
  }

  /** Undoes `unref`. */
  ref(): this {
    this.#referenced = true;
    this.#client?.ref();
    this.#driver?.ref();
    return this;
  }

  /** The association no longer keeps the process alive. */
  unref(): this {
    this.#referenced = false;
    this.#client?.unref();
    this.#driver?.unref();
    return this;
  }

  /**
   * The messages from now on, up to 1024 of them held for a slow reader. Ends with the association; throws what
   * ended it if that was an error. Leaving the loop does not close the association.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Buffer> {
    return this.#followers.read();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** For the first time, or again. */
  #connect(): void {
    const client = this.#client;
    if (client === undefined || (this.#state !== 'idle' && this.#state !== 'reconnecting')) return;
    this.#state = move(this.#state, 'connecting');
    this.#deadlineAt = performance.now() + client.config.handshakeTimeoutMs;
    if (!client.isImmediate) this.#announcer.narrator.connecting?.();
    if (this.#is('connecting')) client.connect(this.#referenced);
  }

  #attempt(transport: Transport): SessionDriver | undefined {
    if (this.#state === 'handshaking') this.#state = move(this.#state, 'connecting');
    if (this.#client === undefined || this.#state !== 'connecting') return undefined;
    return this.#drive(this.#client.parts(), transport);
  }

  #drive(parts: HandshakeParts, transport: Transport): SessionDriver {
    const { mtu, secureContext, capture, maxForgedRecords } = this.#config;
    const setup: DriverSetup = {
      transport,
      events: this.#announcer,
      stats: this.stats,
      mtu,
      deadlineAt: this.#deadlineAt,
      keylog: secureContext.keylog,
      capture,
      maxForgedRecords,
    };
    const driver = new SessionDriver(setup, parts);
    this.#driver = driver;
    if (!this.#referenced) driver.unref();
    if (this.#traces || this.#config.trace) driver.trace();
    driver.open();
    return driver;
  }

  /** The transport is open. */
  #connected(): void {
    if (this.#state === 'connecting') this.#state = move(this.#state, 'handshaking');
    if (this.#client?.isImmediate === false) this.#announcer.narrator.connected?.();
  }

  #closedByPeer(): void {
    detachSession(this);
    this.#announcer.narrator.closedByPeer();
    this.#lose({ reason: 'peer' });
  }

  #established(handshake: HandshakeInfo, outcome: Outcome): void {
    const announcer = this.#announcer;
    const isBack = this.#followers.wasOpen;
    this.#state = move(this.#state, 'open');
    attachSession(this, outcome, this.#client?.config.sessionBinding);
    this.#client?.opened(outcome);
    this.#handshake = handshake;
    if (isBack) this.stats.reconnects++;
    announcer.handshake(handshake);
    this.#followers.open(this);
    // Before anybody else can send.
    const hasRoom = this.#client?.backlog?.sendTo(this) ?? true;
    announcer.narrator.established(outcome.negotiated);
    if (this.#is('open')) announcer.secureConnect();
    if (this.#is('open')) announcer.session();
    // Somebody may have been told to wait before the association was lost, or since.
    if (isBack && hasRoom && this.#is('open')) announcer.emit('drain');
    if (this.#is('open') && this.#driver !== undefined) this.#client?.keepUp(this.#driver, announcer.narrator);
  }

  /** Asked again after each call of a listener, which may have ended the association. */
  #is(state: AssociationState): boolean {
    return this.#state === state;
  }

  #transportFailed(error: Error, fatal: boolean): void {
    const connector = this.#client?.connector;
    const isConnecting = this.#state === 'connecting' || this.#state === 'handshaking';
    const isFinal = fatal || (isConnecting && connector?.isHopeless(error) === true);
    if (isFinal && isConnecting && connector?.movesOn()) return;
    this.stats.transportErrors++;
    this.#announcer.narrator.transportError?.();
    if (isFinal) this.#fail(transportError(error, this.#driver?.remote, this.#driver?.handshakeInfo()));
  }

  #fail(error: DtlsError): void {
    if (this.#is('reconnecting') || isOver(this.#state)) return;
    detachSession(this);
    this.#announcer.lost(this.#state, error);
    this.#lose({ reason: 'error', error });
  }

  /** By no wish of this side. A client that was open before may try to come back. */
  #lose(info: CloseInfo): void {
    if (this.#is('reconnecting') || isOver(this.#state)) return;
    const next = this.#followers.wasOpen ? this.#client?.nextAttempt(info.error) : undefined;
    if (next === undefined) {
      this.#finish(info);
      return;
    }
    const wasOpen = this.#state === 'open';
    const released = this.#leave('reconnecting', info);
    if (wasOpen) this.#announcer.emit('disconnect', info);
    if (this.#is('reconnecting')) this.#announcer.emit('reconnecting', next);
    if (this.#is('reconnecting')) this.#client?.wait(next.delayMs, released, this.#referenced);
  }

  /** The one way out, from any state. */
  #finish(info: CloseInfo): void {
    if (isOver(this.#state)) return;
    const { error } = info;
    const released = this.#leave('closing', info);
    this.#client?.ignoreSignal();
    this.#followers.end(error);
    // Not before the caller had the time to read `opened`, as after a `startHandshake` that failed at once.
    if (error !== undefined) queueMicrotask(() => this.#announcer.error(error, this.#followers.hear));
    released.then(() => {
      this.#state = move(this.#state, 'closed');
      this.#followers.close(info);
      this.#announcer.emit('close', info);
    });
  }

  /** Ends the session, or the handshake for one; resolves when its transport is released. */
  #leave(next: 'reconnecting' | 'closing', { reason, error }: CloseInfo): Promise<void> {
    const isHandshake = this.#state !== 'open' && this.#state !== 'reconnecting';
    this.#state = move(this.#state, next);
    this.#client?.rest();
    detachSession(this);
    // To a peer that has new keys a close_notify under the old ones is noise.
    const released = this.#driver?.close({ silently: reason === 'replaced' }) ?? Promise.resolve();
    if (isHandshake) this.#announcer.handshake(undefined, error ?? closedEarlyError());
    return released.catch(rethrowLater);
  }
}

export { adoptDatagram, endPeer, recordsAhead, tellMoved };
