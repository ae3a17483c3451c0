import { hostPort, type RemoteAddress } from '../address';
import { captured } from '../capture/capturing-endpoint';
import { rethrowLater } from '../emit';
import { ClientTransport } from '../endpoints/client-transport';
import { newUdpEndpoint } from '../endpoints/open-endpoint';
import { DtlsError, said } from '../errors';
import type { HandshakeInfo } from '../handshake/info';
import type { ClientConfig } from '../options/client';
import type { Transport } from '../transport';
import { type Lookup, resolveTarget } from './lookup';
import type { SessionDriver } from './session-driver';

export interface ConnectorEvents {
  /** This address is next. */
  lookup(address: RemoteAddress): void;
  /** Starts an attempt; undefined when the association has ended in the meantime. */
  attempt(transport: Transport): SessionDriver | undefined;
  failed(error: DtlsError): void;
}

/** Errors that tell that nobody can be reached at an address: ICMP messages and the routing table. */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EACCES',
  'EPERM',
]);
/** Sends of a first flight that stay without any answer before the next address of the host gets its turn. */
const SENDS_TO_SILENT_ADDRESS = 3;

/** Leads a client to an address that answers: resolves the host and tries one address after the other. */
export class ClientConnector {
  readonly #config: ClientConfig;
  readonly #events: ConnectorEvents;
  #untried: RemoteAddress[] = [];
  #lookup: Lookup | undefined;
  #driver: SessionDriver | undefined;
  #isCancelled = false;

  constructor(config: ClientConfig, events: ConnectorEvents) {
    this.#config = config;
    this.#events = events;
  }

  start(): void {
    const { transport } = this.#config;
    if (transport !== undefined) {
      this.#driver = this.#events.attempt(transport);
      return;
    }
    this.#lookup = resolveTarget(this.#config, (error, addresses) => {
      if (error !== undefined) {
        this.#events.failed(error);
        return;
      }
      this.#untried = addresses;
      this.#tryNext();
    });
  }

  /** No further attempts: one succeeded, or nobody wants them any more. */
  cancel(): void {
    this.#isCancelled = true;
    this.#untried = [];
    this.#lookup?.cancel();
  }

  ref(): void {
    this.#lookup?.ref();
  }

  unref(): void {
    this.#lookup?.unref();
  }

  /** Call when a flight was sent again: an address that never answers gives way to the next. */
  retransmitted(): void {
    const info = this.#driver?.handshakeInfo();
    if (info === undefined || info.datagramsReceived > 0) return;
    if (info.retransmits + 1 >= SENDS_TO_SILENT_ADDRESS) this.movesOn();
  }

  /** Whether a transport's error makes the attempt useless. Once the peer has answered, anybody may have forged it. */
  isHopeless(error: Error): boolean {
    const info = this.#driver?.handshakeInfo();
    return info?.datagramsReceived === 0 && UNREACHABLE.has((error as NodeJS.ErrnoException).code ?? '');
  }

  /** Gives up the attempt for the next address; false when there is none. */
  movesOn(): boolean {
    if (this.#untried.length === 0) return false;
    // Not before the socket is released: the next one may need its local port.
    this.#driver
      ?.close()
      .catch(rethrowLater)
      .then(() => this.#tryNext());
    return true;
  }

  #tryNext(): void {
    const remote = this.#untried.shift();
    if (remote === undefined) return;
    this.#events.lookup(remote);
    // By a listener: then no socket must be made.
    if (this.#isCancelled) return;
    this.#driver = this.#events.attempt(this.#newTransport(remote));
  }

  #newTransport(remote: RemoteAddress): Transport {
    const { endpoint, localAddress, localPort, socket, sendHighWaterMark, capture } = this.#config;
    if (endpoint !== undefined) return new ClientTransport(endpoint, remote, true);
    const family = remote.family === 'IPv6' ? 6 : 4;
    const address = localAddress ?? (family === 6 ? '::' : '0.0.0.0');
    const own = newUdpEndpoint({ address, port: localPort, family, socket, sendHighWaterMark }, remote);
    return new ClientTransport(captured(own, capture), remote, false);
  }
}

/** The error that users see when a transport failed before or while connecting. */
export function transportError(
  cause: Error,
  peer: RemoteAddress | undefined,
  handshake: HandshakeInfo | undefined,
): DtlsError {
  const code = (cause as NodeJS.ErrnoException).code;
  const where = peer === undefined ? 'the peer' : hostPort(peer.address, peer.port);
  const details = { cause, peer, handshake };
  if (code === 'ECONNREFUSED') {
    const message = `Nothing listens on ${where}/udp (ECONNREFUSED): check the port, and that the server runs.`;
    return new DtlsError('ERR_DTLS_REFUSED', message, details);
  }
  return new DtlsError('ERR_DTLS_SOCKET', `The transport to ${where} failed: ${said(cause)}.`, details);
}
