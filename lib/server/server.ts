import { EventEmitter } from 'node:events';
import type { Session } from '../../binding';
import { hostPort, type RemoteAddress } from '../address';
import { DtlsAssociation, endPeer } from '../association/association';
import { PeerSetup } from '../association/peer-setup';
import type { TicketKeys } from '../credentials/ticket-keys';
import { emitSafely, rethrowLater } from '../emit';
import { type Endpoint, type EndpointEvents, peerKey } from '../endpoints/endpoint';
import { newUdpEndpoint } from '../endpoints/open-endpoint';
import { TransportEndpoint } from '../endpoints/transport-endpoint';
import { DtlsError } from '../errors';
import {
  type ListenConfig,
  type ListenOptions,
  parseListenOptions,
  parseServerOptions,
  type ServerConfig,
  type ServerOptions,
  withSecureContext,
} from '../options/server';
import { peerInfo, ServerNarrator, type ServerSignals } from '../qt/narrator';
import { createSecureContext, SecureContext, type SecureContextOptions } from '../secure-context';
import { newServerStats, type ServerStats } from '../stats';
import { Admission } from './admission';
import { HelloPolicy } from './hello-policy';
import type { Peer, PeerEntry } from './peer';
import { PeerLink } from './peer-link';
import { peerParts } from './peer-parts';
import { PeerTable } from './peer-table';

/** What a `DtlsServer` emits, with the arguments; Qt's signals included. */
export interface DtlsServerEvents extends ServerSignals {
  listening: [];
  /** A peer's handshake is complete. */
  secureConnection: [association: DtlsAssociation];
  /** A peer's handshake or association failed; no other is touched. */
  peerError: [error: Error, peer: RemoteAddress];
  /** With the option `keylog`: NSS key log lines of a peer, each ended by a line feed. */
  keylog: [lines: Buffer, association: DtlsAssociation];
  /**
   * A datagram that belongs to no association here: to one in another worker on the same port perhaps, which can take
   * it with `inject`. Also noise of any kind, from anybody.
   */
  stray: [datagram: Buffer, from: RemoteAddress];
  /** The server's socket failed; the server closes. */
  error: [error: Error];
  close: [];
}

/** A closed server does not listen again. */
type ServerState = 'idle' | 'binding' | 'listening' | 'closed';

/** An idle association is found within an eighth of idleTimeout. */
const TICKS_OF_IDLE_TIMEOUT = 8;

/**
 * A DTLS server: one socket, any number of associations. A peer gets memory only after it has returned its cookie
 * (RFC 6347 section 4.2.1), and whatever it does disturbs no other.
 *
 * Throws `ERR_DTLS_OPTION` when an option cannot be used.
 */
export class DtlsServer extends EventEmitter<DtlsServerEvents> {
  readonly stats: ServerStats = newServerStats();
  #config: ServerConfig;
  readonly #admission: Admission;
  #helloPolicy: HelloPolicy;
  readonly #peers = new PeerTable((datagram, random, from) => this.#onHello(datagram, random, from));
  readonly #associations = new Set<DtlsAssociation>();
  #state: ServerState = 'idle';
  #endpoint: Endpoint | undefined;
  #closing: Promise<void> | undefined;
  #handshakes = 0;
  #idleTimer: NodeJS.Timeout | undefined;
  #referenced = true;

  constructor(options: ServerOptions, onAssociation?: (association: DtlsAssociation) => void) {
    super();
    this.#config = parseServerOptions(options);
    this.#admission = new Admission(this.#config, this.stats);
    this.#helloPolicy = new HelloPolicy(this.#config);
    if (onAssociation !== undefined) this.on('secureConnection', onAssociation);
  }

  /** Associations whose handshake is complete. */
  get associations(): ReadonlySet<DtlsAssociation> {
    return this.#associations;
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
      const message = `The server cannot listen on ${where}: ${(cause as Error).message}.`;
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
    if (this.#state !== 'listening' || this.#endpoint === undefined) {
      throw new DtlsError('ERR_DTLS_STATE', `address: the server is ${this.#state}, not listening.`);
    }
    return this.#endpoint.address();
  }

  /** Sends close_notify to every peer, flushes, and releases the socket. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /**
   * Takes a datagram that another socket on the same port received, as told by its server's `stray`. False: it belongs
   * to no association here either; a server that does not listen has none.
   */
  inject(datagram: Uint8Array, from: RemoteAddress): boolean {
    const peer = this.#peers.get(from);
    peer?.datagram(datagram, 0, datagram.length);
    return peer !== undefined;
  }

  /**
   * Handshakes from now on use these credentials, a renewed certificate say, as `tls.Server.setSecureContext`; open
   * associations go on. Sessions made before are not resumed unless `ticketKeys` are the same. Throws as `createServer`.
   */
  setSecureContext(context: SecureContext | SecureContextOptions): void {
    const secureContext = context instanceof SecureContext ? context : createSecureContext(context);
    this.#config = withSecureContext(this.#config, secureContext);
    this.#admission.use(this.#config);
    this.#helloPolicy = new HelloPolicy(this.#config);
  }

  /**
   * From now on session tickets are made with the first key, and read with any of them: to rotate, put the new one
   * before the old. Servers that share the keys resume each other's sessions. Throws `ERR_DTLS_OPTION`.
   */
  setTicketKeys(keys: TicketKeys): void {
    this.#config.secureContext.setTicketKeys(keys);
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

  #newEndpoint(config: ListenConfig): Endpoint {
    if (config.transport !== undefined) return new TransportEndpoint(config.transport);
    return newUdpEndpoint({ ...config, sendHighWaterMark: this.#config.sendHighWaterMark });
  }

  readonly #endpointEvents: EndpointEvents = {
    stranger: (datagram, from) => this.#peers.route(datagram, from),
    failed: (cause) => {
      this.close().catch(rethrowLater);
      const error = new DtlsError('ERR_DTLS_SOCKET', `The server's socket failed: ${cause.message}.`, { cause });
      emitSafely(this, 'error', error);
    },
  };

  async #close(): Promise<void> {
    this.#state = 'closed';
    clearInterval(this.#idleTimer);
    await Promise.all(this.#peers.entries().map(({ association }) => association.close()));
    this.#admission.destroy();
    await this.#endpoint?.close();
    emitSafely(this, 'close');
  }

  #begin(endpoint: Endpoint): void {
    this.#endpoint = endpoint;
    this.#state = 'listening';
    if (!this.#referenced) endpoint.unref();
    const { idleTimeoutMs } = this.#config;
    if (idleTimeoutMs > 0) {
      const tickMs = Math.ceil(idleTimeoutMs / TICKS_OF_IDLE_TIMEOUT);
      this.#idleTimer = setInterval(() => this.#expireIdle(), tickMs).unref();
    }
    emitSafely(this, 'listening');
  }

  #onHello(datagram: Uint8Array, random: string | undefined, from: RemoteAddress): void {
    const endpoint = this.#endpoint;
    if (this.#state !== 'listening' || endpoint === undefined) return;
    const session = this.#admission.admit(datagram, peerKey(from), {
      reply: (cookie) => {
        endpoint.sendTo(cookie, from);
        new ServerNarrator(this, from).notVerified();
      },
    });
    if (session === undefined) {
      this.#tellStray(datagram, random, from);
      return;
    }
    if (this.#isFullFor(this.#peers.get(from))) {
      this.stats.refusedByLimit++;
      session.destroy();
      return;
    }
    this.#welcome(session, endpoint, datagram, random, from);
  }

  #tellStray(datagram: Uint8Array, random: string | undefined, from: RemoteAddress): void {
    if (random !== undefined || this.listenerCount('stray') === 0) return;
    // A copy: the memory is the transport's, and is used again.
    emitSafely(this, 'stray', Buffer.from(datagram), from);
  }

  /** A peer that starts anew takes the place of what it has. */
  #isFullFor(peer: Peer | undefined): boolean {
    const { maxAssociations, maxHandshakes } = this.#config;
    if (peer?.isHandshaking) return false;
    if (this.#handshakes >= maxHandshakes) return true;
    return peer === undefined && this.#handshakes + this.#associations.size >= maxAssociations;
  }

  #welcome(
    session: Session,
    endpoint: Endpoint,
    hello: Uint8Array,
    helloRandom: string | undefined,
    from: RemoteAddress,
  ): void {
    const config = this.#config;
    const narrator = new ServerNarrator(this, from);
    const peer = this.#peers.open(from);
    const link = new PeerLink(from, peer.channel(endpoint), () => this.#ended(peer, entry));
    const parts = peerParts(config, this.#helloPolicy, session, hello, from);
    const setup = new PeerSetup({ name: peerInfo(from), config, narrator, transport: link, ...parts });
    const entry: PeerEntry = {
      association: new DtlsAssociation(setup),
      link,
      helloRandom,
      idleTicks: 0,
      seenMessages: 0,
    };
    entry.association.once('secureConnect', () => this.#established(peer, entry));
    entry.association.on('keylog', (lines) => emitSafely(this, 'keylog', lines, entry.association));
    entry.association.on('error', (error) => emitSafely(this, 'peerError', error, from));
    this.stats.handshakesStarted++;
    this.#handshakes++;
    peer.add(entry);
    narrator.verified();
    link.start();
  }

  #established(peer: Peer, entry: PeerEntry): void {
    this.stats.handshakesCompleted++;
    this.#handshakes--;
    this.#associations.add(entry.association);
    if (peer.established(entry)) this.stats.replaced++;
    emitSafely(this, 'secureConnection', entry.association);
  }

  #ended(peer: Peer, entry: PeerEntry): void {
    this.#peers.remove(peer, entry);
    if (this.#associations.delete(entry.association)) return;
    this.#handshakes--;
    this.stats.handshakesFailed++;
  }

  #expireIdle(): void {
    for (const entry of this.#peers.entries()) {
      const { messagesReceived } = entry.association.stats;
      entry.idleTicks = messagesReceived === entry.seenMessages ? entry.idleTicks + 1 : 0;
      entry.seenMessages = messagesReceived;
      if (entry.idleTicks < TICKS_OF_IDLE_TIMEOUT || entry.association.state !== 'open') continue;
      this.stats.expired++;
      endPeer(entry.association, 'idle');
    }
  }
}
