import type { RemoteAddress } from '../address';
import { emitSafely, rethrowLater } from '../emit';
import { closedEarlyError, DtlsError, messageSizeError, notOpenError } from '../errors';
import type { HandshakeInfo } from '../handshake/info';
import { show } from '../options/check';
import { type ClientConfig, type ConnectOptions, parseConnectOptions } from '../options/client';
import type { SessionConfig } from '../options/session';
import { ClientNarrator, type Narrator } from '../qt/narrator';
import { PingTimer } from '../qt/ping';
import { seedOptions } from '../qt/seed';
import { type AssociationStats, newAssociationStats } from '../stats';
import type { Transport } from '../transport';
import { ClientConnector, transportError } from './client-connector';
import { type Deferred, deferred } from './deferred';
import type { DriverEvents, DriverSetup } from './driver-setup';
import type { CloseInfo, DtlsAssociationEvents } from './events';
import { clientParts, type HandshakeParts } from './handshake-parts';
import { MessageReaders } from './message-queue';
import type { Outcome } from './outcome';
import { PeerSetup } from './peer-setup';
import { attachSession, detachSession, SecureChannel } from './secure-channel';
import { SessionDriver } from './session-driver';
import { type AssociationState, move } from './state';

type SeedOptions = Omit<ConnectOptions, 'host' | 'port' | 'name'>;

let endPeer: (association: DtlsAssociation, reason: 'idle' | 'replaced') => void;

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
  /** Both absent on a server. */
  readonly #client: ClientConfig | undefined;
  readonly #connector: ClientConnector | undefined;
  readonly #narrator: Narrator;
  readonly #opened: Deferred<this> = deferred();
  readonly #closed: Deferred<CloseInfo> = deferred();
  readonly #readers = new MessageReaders();
  #state: AssociationState = 'idle';
  #driver: SessionDriver | undefined;
  #deadlineAt = 0;
  #wasOpen = false;
  #handshake: HandshakeInfo | undefined;
  #ping: PingTimer | undefined;
  #referenced = true;
  #traces: boolean;
  /** Whoever reads a promise, or iterates, hears of an error without an `error` listener. */
  #openedIsRead = false;
  #closedIsRead = false;

  static {
    endPeer = (association, reason) => association.#finish({ reason });
  }

  constructor(options: ConnectOptions);
  constructor(host: string, port: number, name?: string, options?: SeedOptions);
  /** @internal */
  constructor(setup: PeerSetup);
  constructor(first: ConnectOptions | PeerSetup | string, port?: number, name?: string, options?: SeedOptions) {
    super();
    if (first instanceof PeerSetup) {
      const { config, name, narrator } = first.parts;
      this.#config = config;
      this.#traces = config.trace;
      this.name = name;
      this.#narrator = narrator;
      this.#state = move(this.#state, 'handshaking');
      this.#deadlineAt = performance.now() + config.handshakeTimeoutMs;
      // What keeps the process alive is the server's socket.
      this.#referenced = false;
      this.#drive(first.parts, first.parts.transport);
      return;
    }
    const config = parseConnectOptions(typeof first === 'string' ? seedOptions(first, port, name, options) : first);
    this.#config = config;
    this.#traces = config.trace;
    this.#client = config;
    this.name = config.name;
    this.#narrator = new ClientNarrator(this, this.name);
    this.#connector = new ClientConnector(config, {
      lookup: (address) => this.#emit('lookup', address),
      attempt: (transport) => this.#attempt(transport),
      failed: (error) => this.#fail(error),
    });
  }

  get state(): AssociationState {
    return this.#state;
  }

  /** The peer; before a client has one, its host and port as given, with family unknown. */
  get remote(): RemoteAddress {
    return (
      this.#driver?.remote ?? { address: this.#client?.host ?? '', port: this.#client?.port ?? 0, family: 'unknown' }
    );
  }

  /** Resolves when the handshake is complete; rejects with what prevented it. */
  get opened(): Promise<this> {
    this.#openedIsRead = true;
    return this.#opened.promise;
  }

  /** Resolves when everything is released, whatever ended the association. */
  get closed(): Promise<CloseInfo> {
    this.#closedIsRead = true;
    return this.#closed.promise;
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
    if (this.#client === undefined || this.#connector === undefined || this.#state !== 'idle') {
      throw new DtlsError('ERR_DTLS_STATE', `startHandshake: the association is ${this.#state}, not idle.`);
    }
    const { signal, handshakeTimeoutMs } = this.#client;
    this.#state = move(this.#state, 'connecting');
    this.#deadlineAt = performance.now() + handshakeTimeoutMs;
    if (signal?.aborted) {
      this.#onAbort();
      return this;
    }
    signal?.addEventListener('abort', this.#onAbort);
    if (!this.#connector.immediate) this.#narrator.connecting?.();
    // A listener may have ended the association already, here as in `#attempt`.
    if (this.#state === ('connecting' as AssociationState)) this.#connector.start();
    if (!this.#referenced) this.#connector.unref();
    return this;
  }

  /**
   * Encrypts and sends one message of 1 to `maxPayload` bytes, strings as UTF-8. False: taken, but the queue is
   * over its mark; wait for `drain`. Throws `ERR_DTLS_STATE` when the association is not open and
   * `ERR_DTLS_MESSAGE_SIZE` when the message does not fit a datagram.
   */
  send(data: string | Uint8Array): boolean {
    const driver = this.#driver;
    if (this.#state !== 'open' || driver === undefined) throw notOpenError(this.#state);
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    if (!(bytes instanceof Uint8Array)) {
      throw new DtlsError('ERR_DTLS_OPTION', `send: a string or Uint8Array is expected, not ${show(data)}.`);
    }
    if (bytes.length === 0 || bytes.length > this.maxPayload) throw messageSizeError(bytes.length, this.maxPayload);
    return driver.send(bytes);
  }

  /** Sends close_notify, flushes and releases. Resolves when done; may be called in any state, and again. */
  close(): Promise<CloseInfo> {
    this.#finish({ reason: 'local' });
    return this.#closed.promise;
  }

  /** As `close`, without waiting; an `error` given is emitted and tells why in `closed`. */
  destroy(error?: Error): void {
    this.#finish(error === undefined ? { reason: 'local' } : { reason: 'error', error });
  }

  /** Undoes `unref`. */
  ref(): this {
    this.#referenced = true;
    this.#connector?.ref();
    this.#driver?.ref();
    return this;
  }

  /** The association no longer keeps the process alive. */
  unref(): this {
    this.#referenced = false;
    this.#connector?.unref();
    this.#driver?.unref();
    return this;
  }

  /**
   * The messages from now on, up to 1024 of them held for a slow reader. Ends with the association; throws what
   * ended it if that was an error. Leaving the loop does not close the association.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Buffer> {
    this.#closedIsRead = true;
    return this.#readers.open();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #attempt(transport: Transport): SessionDriver | undefined {
    if (this.#state === 'handshaking') this.#state = move(this.#state, 'connecting');
    if (this.#state !== 'connecting') return undefined;
    return this.#drive(clientParts(this.#client as ClientConfig), transport);
  }

  #drive(parts: HandshakeParts, transport: Transport): SessionDriver {
    const { mtu, secureContext } = this.#config;
    const setup: DriverSetup = {
      transport,
      events: this.#driverEvents(),
      stats: this.stats,
      mtu,
      deadlineAt: this.#deadlineAt,
      keylog: secureContext.keylog,
    };
    const driver = new SessionDriver(setup, parts);
    this.#driver = driver;
    if (!this.#referenced) driver.unref();
    if (this.#traces) driver.trace();
    driver.open();
    return driver;
  }

  #driverEvents(): DriverEvents {
    const narrator = this.#narrator;
    return {
      opened: () => {
        if (this.#state === 'connecting') this.#state = move(this.#state, 'handshaking');
        if (this.#connector?.immediate === false) narrator.connected?.();
      },
      started: () => narrator.started(),
      pskRequested: (identity) => narrator.pskRequested(identity),
      progressed: () => narrator.continuing(),
      retransmitted: () => {
        narrator.retransmitting?.();
        this.#emit('handshakeTimeout');
        this.#connector?.retransmitted();
      },
      established: (handshake, outcome) => this.#established(handshake, outcome),
      keylog: (lines) => this.#emit('keylog', lines),
      message: (data, bytes, offset, length) => this.#message(data, bytes, offset, length),
      drained: () => this.#emit('drain'),
      closedByPeer: () => {
        detachSession(this);
        narrator.closedByPeer();
        this.#finish({ reason: 'peer' });
      },
      failed: (error) => {
        detachSession(this);
        this.#fail(error);
      },
      transportFailed: (error, fatal) => this.#transportFailed(error, fatal),
    };
  }

  #established(handshake: HandshakeInfo, outcome: Outcome): void {
    this.#state = move(this.#state, 'open');
    attachSession(this, outcome, this.#client?.sessionBinding);
    this.#connector?.cancel();
    this.#handshake = handshake;
    this.#wasOpen = true;
    this.#opened.resolve(this);
    this.#narrator.established(outcome.negotiated);
    if (this.#isOpen()) this.#emit('secureConnect');
    if (this.#isOpen() && this.listenerCount('session') > 0) this.#emitSession();
    if (this.#isOpen() && this.#client !== undefined && this.#client.pingIntervalMs > 0) this.#startPing();
  }

  /** Asked again after each call of a listener, which may have ended the association. */
  #isOpen(): boolean {
    return this.#state === 'open';
  }

  #emitSession(): void {
    const session = this.getSession();
    if (session !== undefined) this.#emit('session', session);
  }

  #startPing(): void {
    this.#ping = new PingTimer(this.name, (this.#client as ClientConfig).pingIntervalMs, {
      send: (text) => this.send(text),
      failed: (reason) => this.#narrator.pingFailed?.(reason),
    });
    this.#ping.start();
  }

  #message(data: Buffer, bytes: Uint8Array, offset: number, length: number): void {
    this.stats.messagesDropped += this.#readers.push(data);
    this.#emit('message', data);
    if (this.#narrator.isAskedForMessages) this.#narrator.message(bytes.subarray(offset, offset + length), data);
  }

  #transportFailed(error: Error, fatal: boolean): void {
    const isConnecting = this.#state === 'connecting' || this.#state === 'handshaking';
    const isFinal = fatal || (isConnecting && this.#connector?.isHopeless(error) === true);
    if (isFinal && isConnecting && this.#connector?.movesOn()) return;
    this.stats.transportErrors++;
    this.#narrator.transportError?.();
    if (isFinal) this.#fail(transportError(error, this.#driver?.remote, this.#driver?.handshakeInfo()));
  }

  #fail(error: DtlsError): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    if (this.#state === 'open') this.#narrator.failed(error.message);
    else if (this.#state === 'connecting') this.#narrator.startFailed?.(error.message);
    else this.#narrator.handshakeFailed(error.message);
    this.#finish({ reason: 'error', error });
  }

  /** The one way out, from any state. */
  #finish(info: CloseInfo): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    this.#state = move(this.#state, 'closing');
    this.#ping?.stop();
    this.#connector?.cancel();
    this.#client?.signal?.removeEventListener('abort', this.#onAbort);
    detachSession(this);
    // To a peer that has new keys a close_notify under the old ones is noise.
    const released = this.#driver?.close({ silently: info.reason === 'replaced' }) ?? Promise.resolve();
    const { error } = info;
    if (!this.#wasOpen) this.#opened.reject(error ?? closedEarlyError());
    this.#readers.end(error);
    // Not before the caller had the time to read `opened`, as after a `startHandshake` that failed at once.
    if (error !== undefined) queueMicrotask(() => this.#surface(error));
    released
      .catch((error) => rethrowLater(error))
      .then(() => {
        this.#state = move(this.#state, 'closed');
        this.#closed.resolve(info);
        this.#emit('close', info);
      });
  }

  /** An error that nobody can have heard of otherwise is thrown, as by any EventEmitter. */
  #surface(error: Error): void {
    const isAwaited = this.#openedIsRead && !this.#wasOpen;
    const heard =
      isAwaited || this.#closedIsRead || this.#client === undefined || this.listenerCount('errorMessage') > 0;
    if (!heard || this.listenerCount('error') > 0) this.#emit('error', error);
  }

  readonly #onAbort = (): void => {
    const cause = this.#client?.signal?.reason;
    this.#finish({ reason: 'error', error: new DtlsError('ABORT_ERR', 'The association was aborted.', { cause }) });
  };

  #emit<E extends keyof DtlsAssociationEvents>(event: E, ...args: DtlsAssociationEvents[E]): void {
    emitSafely(this, event, ...args);
  }
}

export { endPeer };
