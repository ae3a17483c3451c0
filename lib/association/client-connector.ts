import { isIP } from 'node:net';
import { hostPort, type RemoteAddress } from '../address';
import { DtlsError } from '../errors';
import type { HandshakeInfo } from '../handshake/info';
import type { ClientConfig } from '../options/client';
import type { Transport } from '../transport';
import { DgramClientTransport } from '../transports/dgram-client';
import { type Lookup, resolveTarget } from './lookup';

export interface ConnectorEvents {
  lookup(address: RemoteAddress): void;
  /** A transport for the next attempt, not opened yet. */
  attempt(transport: Transport): void;
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

/** Finds a client its transport: resolves the host, and offers one address after the other. */
export class ClientConnector {
  readonly #config: ClientConfig;
  readonly #events: ConnectorEvents;
  #untried: RemoteAddress[] = [];
  #lookup: Lookup | undefined;

  constructor(config: ClientConfig, events: ConnectorEvents) {
    this.#config = config;
    this.#events = events;
  }

  start(): void {
    const { transport } = this.#config;
    if (transport !== undefined) {
      this.#events.attempt(transport);
      return;
    }
    this.#lookup = resolveTarget(this.#config, (error, addresses) => {
      if (error !== undefined) {
        this.#events.failed(error);
        return;
      }
      this.#untried = addresses;
      this.next();
    });
  }

  cancel(): void {
    this.#untried = [];
    this.#lookup?.cancel();
  }

  ref(): void {
    this.#lookup?.ref();
  }

  unref(): void {
    this.#lookup?.unref();
  }

  /** Whether there is nothing to resolve. */
  get immediate(): boolean {
    return this.#config.transport !== undefined || isIP(this.#config.host) !== 0;
  }

  /** Whether there are addresses left. */
  get hasNext(): boolean {
    return this.#untried.length > 0;
  }

  /** Offers the next address, if there is one. */
  next(): void {
    const remote = this.#untried.shift();
    if (remote === undefined) return;
    const { localAddress, localPort, sendHighWaterMark } = this.#config;
    this.#events.lookup(remote);
    this.#events.attempt(new DgramClientTransport({ remote, localAddress, localPort, sendHighWaterMark }));
  }
}

/** Whether a non-fatal transport error means that waiting for an answer is useless. */
export function isUnreachable(error: Error): boolean {
  return UNREACHABLE.has((error as NodeJS.ErrnoException).code ?? '');
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
  return new DtlsError('ERR_DTLS_SOCKET', `The transport to ${where} failed: ${cause.message}.`, details);
}
