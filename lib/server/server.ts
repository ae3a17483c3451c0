import { EventEmitter } from 'node:events';
import { hostPort, type RemoteAddress } from '../address';
import { type DtlsAssociation, endPeer } from '../association/association';
import { type Deferred, deferred } from '../association/deferred';
import { captured } from '../capture/capturing-endpoint';
import type { TicketKeys } from '../credentials/ticket-keys';
import { emitSafely, rethrowLater } from '../emit';
import type { Endpoint, EndpointEvents } from '../endpoints/endpoint';
import { newUdpEndpoint } from '../endpoints/open-endpoint';
import { TransportEndpoint } from '../endpoints/transport-endpoint';
import { DtlsError, optionError, said } from '../errors';
import { callback, isRecord } from '../options/check';
import { type CookieSecret, parseCookieSecret } from '../options/cookie-secret';
import { type DrainOptions, parseDrainOptions } from '../options/drain';
import { checkReceived } from '../options/received';
import {
  type ListenConfig,
  type ListenOptions,
  parseListenOptions,
  parseServerOptions,
  type ServerConfig,
  type ServerOptions,
  withSecureContext,
} from '../options/server';
import type { ServerSignals } from '../qt/narrator';
import { createSecureContext, isSecureContext, type SecureContext, type SecureContextOptions } from '../secure-context';
import { type AssociationStats, newServerStats, type ServerStats } from '../stats';
import { IdleWatch } from './idle-watch';
import { Reception } from './reception';
import { Residents } from './residents';

/** What a `DtlsServer` emits, with the arguments; Qt's signals included. */
export interface DtlsServerEvents extends ServerSignals {
  listening: [];
  /** A peer's handshake is complete. */
  secureConnection: [association: DtlsAssociation];
  /** A peer's handshake or association failed; no other is touched. */
  peerError: [error: Error, peer: RemoteAddress];
  /** An association followed its peer to another address; see the option `migration`. */
  addressChange: [association: DtlsAssociation, from: RemoteAddress, to: RemoteAddress];
  /** With the option `keylog`: NSS key log lines of a peer, each ended by a line feed. */
  keylog: [lines: Buffer, association: DtlsAssociation];
  /**
   * A datagram that belongs to no association here: to one in another worker on the same port perhaps, which can take
   * it with `inject`. Also noise of any kind, from anybody; and hellos, while the server drains.
   */
  stray: [datagram: Buffer, from: RemoteAddress];
  /** The server's socket failed; the server closes. */
  error: [error: Error];
  close: [];
}

/** A closed server does not listen again. */
export type ServerState = 'idle' | 'binding' | 'listening' | 'draining' | 'closed';

/**
 * A DTLS server: one socket, any number of associations. A peer gets memory only after it has returned its cookie
 * (RFC 6347 section 4.2.1), and whatever it does disturbs no other.
 *
 * Throws `ERR_DTLS_OPTION` when an option cannot be used.
 */
export class DtlsServer extends EventEmitter<DtlsServerEvents> {
  readonly stats: ServerStats = newServerStats();
  #config: ServerConfig;
  readonly #residents: Residents;
  readonly #reception: Reception;
  readonly #idleWatch: IdleWatch;
  #state: ServerState = 'idle';
  #endpoint: Endpoint | undefined;
  readonly #closed: Deferred<void> = deferred();
  #deadline: NodeJS.Timeout | undefined;
  #referenced = true;

  constructor(options: ServerOptions, onAssociation?: (association: DtlsAssociation) => void) {
    super();
    this.#config = parseServerOptions(options);
    const listener = callback('onAssociation', onAssociation);
    this.#residents = new Residents(this.stats, {
      hello: (datagram, random, from) => this.#reception.hello(datagram, random, from),
      opened: (association) => emitSafely(this, 'secureConnection', association),
      failed: (error, peer) => emitSafely(this, 'peerError', error, peer),
      keylog: (lines, association) => emitSafely(this, 'keylog', lines, association),
      moved: (association, from, to) => emitSafely(this, 'addressChange', association, from, to),
      emptied: () => this.#emptied(),
    });
    this.#reception = new Reception(this, this.#config, this.#residents, () => this.#state);
    this.#idleWatch = new IdleWatch(
      () => this.#residents.entries(),
      ({ association }) => this.#endIdle(association),
    );
    if (listener !== undefined) this.on('secureConnection', listener);
  }

  /** Associations whose handshake is complete. */
  get associations(): ReadonlySet<DtlsAssociation> {
    return this.#residents.associations;
  }

  /** How many handshakes run. */
  get handshakes(): number {
    return this.#residents.networks.handshakes;
  }

  /**
   * Binds the socket. Rejects with `ERR_DTLS_SOCKET` (its `cause` is the system's error) when the address cannot
   * be had, with `ERR_DTLS_STATE` when the server listens already or is closed.
   */
  async listen(options: ListenOptions): Promise<this> {
    const config = parseListenOptions(options);
    if (this.#state !== 'idle') {
      throw new DtlsError('ERR_DTLS_STATE', `listen: the server is ${this.#state}, not idle.`);
    }
    this.#state = 'binding';
    const endpoint = this.#newEndpoint(config);
    try {
      await endpoint.open(this.#endpointEvents);
    } catch (cause) {
      if ((this.#state as ServerState) === 'binding') this.#state = 'idle';
      const where = `${hostPort(config.address, config.port)}/udp`;
      const message = `The server cannot listen on ${where}: ${said(cause)}.`;
      throw new DtlsError('ERR_DTLS_SOCKET', message, { cause });
    }
    if ((this.#state as ServerState) === 'closed') {
      await endpoint.close();
      throw new DtlsError('ERR_DTLS_CLOSED', 'listen: the server was closed before it was bound.');
    }
    this.#begin(endpoint);
    return this;
  }

  /** Where the server listens. Throws `ERR_DTLS_STATE` when it does not. */
  address(): RemoteAddress {
    const isServing = this.#state === 'listening' || this.#state === 'draining';
    if (!isServing || this.#endpoint === undefined) {
      throw new DtlsError('ERR_DTLS_STATE', `address: the server is ${this.#state}, not listening.`);
    }
    return this.#endpoint.address();
  }

  /** Sends close_notify to every peer, flushes, and releases the socket. May be called again. */
  close(): Promise<void> {
    if (this.#state !== 'closed') this.#close().then(this.#closed.resolve, this.#closed.reject);
    return this.#closed.promise;
  }

  /**
   * Ends without haste: takes no new associations, gives up running handshakes, closes an association when no message
   * has come for `idleFor` milliseconds, and at the `deadline` all that are left. Then the server closes, and the
   * promise resolves. A second call waits for the first. Rejects with `ERR_DTLS_OPTION`.
   */
  async drain(options: DrainOptions = {}): Promise<void> {
    const { idleForMs, deadlineMs } = parseDrainOptions(options);
    if (this.#state !== 'listening') return this.#state === 'draining' ? this.#closed.promise : this.close();
    this.#state = 'draining';
    this.#deadline = setTimeout(() => this.close().catch(rethrowLater), deadlineMs);
    // Before the last handshake ends, and the server with it.
    this.#idleWatch.start(idleForMs);
    this.#residents.endHandshakes();
    this.#emptied();
    return this.#closed.promise;
  }

  /**
   * Takes a datagram that another socket on the same port received, as told by its server's `stray`. False: it is of no
   * use here either; a server that does not listen has use for none. Throws `ERR_DTLS_OPTION` for what is no datagram.
   */
  inject(datagram: Uint8Array, from: RemoteAddress): boolean {
    checkReceived('inject', datagram, from);
    try {
      return this.#reception.inject(datagram, from);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EAFNOSUPPORT') throw cause;
      throw optionError('from', from.address, `inject: ${(cause as Error).message}.`, cause);
    }
  }

  /** The counters of all associations added up, those that have ended included. Counted when called. */
  totals(): AssociationStats {
    return this.#residents.totals();
  }

  /**
   * Handshakes from now on use these credentials, a renewed certificate say, as `tls.Server.setSecureContext`; open
   * associations go on. Sessions made before are not resumed unless `ticketKeys` are the same. Throws as
   * `createServer`.
   */
  setSecureContext(context: SecureContext | SecureContextOptions): void {
    this.#config = withSecureContext(this.#config, this.#contextOf(context));
    this.#reception.use(this.#config);
  }

  /**
   * From now on session tickets are made with the first key, and read with any of them: to rotate, put the new one
   * before the old. Servers that share the keys resume each other's sessions. Throws `ERR_DTLS_OPTION`.
   */
  setTicketKeys(keys: TicketKeys): void {
    this.#config.secureContext.setTicketKeys(keys);
  }

  /**
   * From now on cookies are made with the first secret, and verified with any of them: to rotate, put the new one
   * before the old. Servers that share the secrets take each other's cookies. Throws `ERR_DTLS_OPTION`.
   */
  setCookieSecret(secret: CookieSecret): void {
    this.#reception.setCookieSecrets(parseCookieSecret(secret));
  }

  ref(): this {
    this.#referenced = true;
    this.#endpoint?.ref();
    return this;
  }

  unref(): this {
    this.#referenced = false;
    this.#endpoint?.unref();
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #contextOf(given: SecureContext | SecureContextOptions): SecureContext {
    if (isSecureContext(given)) return given;
    const needsSecrets = this.#config.capture !== undefined && isRecord(given);
    return createSecureContext(needsSecrets ? { ...given, keylog: true } : given);
  }

  #newEndpoint(config: ListenConfig): Endpoint {
    const { sendHighWaterMark, capture } = this.#config;
    const { transport } = config;
    const endpoint =
      transport === undefined ? newUdpEndpoint({ ...config, sendHighWaterMark }) : new TransportEndpoint(transport);
    return captured(endpoint, capture);
  }

  readonly #endpointEvents: EndpointEvents = {
    stranger: (datagram, from) => this.#reception.stranger(datagram, from),
    failed: (cause) => {
      this.close().catch(rethrowLater);
      const error = new DtlsError('ERR_DTLS_SOCKET', `The server's socket failed: ${said(cause)}.`, { cause });
      emitSafely(this, 'error', error);
    },
  };

  async #close(): Promise<void> {
    this.#state = 'closed';
    clearTimeout(this.#deadline);
    this.#idleWatch.stop();
    await this.#residents.close();
    this.#reception.close();
    try {
      await this.#endpoint?.close();
    } finally {
      emitSafely(this, 'close');
    }
  }

  #begin(endpoint: Endpoint): void {
    this.#endpoint = endpoint;
    this.#reception.open(endpoint);
    this.#state = 'listening';
    if (!this.#referenced) endpoint.unref();
    if (this.#config.idleTimeoutMs > 0) this.#idleWatch.start(this.#config.idleTimeoutMs);
    emitSafely(this, 'listening');
  }

  #endIdle(association: DtlsAssociation): void {
    const isDraining = this.#state === 'draining';
    this.stats[isDraining ? 'drained' : 'expired']++;
    endPeer(association, isDraining ? 'drained' : 'idle');
  }

  #emptied(): void {
    if (this.#state === 'draining' && this.#residents.networks.size === 0) this.close().catch(rethrowLater);
  }
}
