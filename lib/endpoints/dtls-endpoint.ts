import type dgram from 'node:dgram';
import { isIP } from 'node:net';
import { hostPort, type RemoteAddress } from '../address';
import { captured } from '../capture/capturing-endpoint';
import { type PacketCapture, parseCapture } from '../capture/packet-capture';
import type { PacketRecorder } from '../capture/packet-recorder';
import { DtlsError, optionError } from '../errors';
import { checkNames, integer, isObject, show, string } from '../options/check';
import {
  parseSendHighWaterMark,
  parseSocket,
  parseUserSocket,
  refuseBeside,
  SOCKET_NAMES,
  type SocketOptions,
} from '../options/socket';
import type { Endpoint, UdpConfig } from './endpoint';
import { newUdpEndpoint } from './open-endpoint';

export interface EndpointOptions extends SocketOptions {
  /** An IP address. Default "::", which reaches IPv4 too; "0.0.0.0" where the system has no IPv6. */
  localAddress?: string;
  /** Default 0: the system chooses. */
  localPort?: number;
  /** With an IPv6 address: leave IPv4 alone. Default false. */
  ipv6Only?: boolean;
  /** SO_REUSEPORT. Default false. */
  reusePort?: boolean;
  /** A socket of `node:dgram` that the user brings, bound or not, and closes; instead of the options above. */
  socket?: dgram.Socket;
  /**
   * Bytes waiting for the kernel, or on native sockets sent in one turn of the event loop, before `send` returns
   * false. Default 65536.
   */
  sendHighWaterMark?: number;
  /** Record every datagram, and the secrets of the associations to decrypt it; see the option of `connect`. */
  capture?: PacketCapture | undefined;
}

/** Undefined for what `createEndpoint` has not made. */
let endpointOf: (endpoint: unknown) => Endpoint | undefined;

/**
 * One UDP socket for many client associations, at most one with each peer; made by `createEndpoint`. Saves a socket
 * and its system calls for each association, and keeps them all on one local port.
 */
export class DtlsEndpoint {
  readonly #endpoint: Endpoint;
  #closing: Promise<void> | undefined;

  static {
    endpointOf = (endpoint) => (isObject(endpoint) && #endpoint in endpoint ? endpoint.#endpoint : undefined);
  }

  /** @internal */
  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** The local address and port. Throws `ERR_DTLS_STATE` when the endpoint is closed. */
  address(): RemoteAddress {
    if (this.#closing !== undefined) throw new DtlsError('ERR_DTLS_STATE', 'address: the endpoint is closed.');
    return this.#endpoint.address();
  }

  /**
   * Releases the socket; may be called again. Associations that still use it end with `ERR_DTLS_SOCKET`, and their
   * peers hear nothing.
   */
  close(): Promise<void> {
    this.#closing ??= this.#endpoint.close();
    return this.#closing;
  }

  ref(): this {
    this.#endpoint.ref();
    return this;
  }

  /** The socket no longer keeps the process alive. */
  unref(): this {
    this.#endpoint.unref();
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Binds a UDP socket for the option `endpoint` of `connect`. Rejects with `ERR_DTLS_OPTION` when an option cannot be
 * used, with `ERR_DTLS_SOCKET` (its `cause` is the system's error) when the address cannot be had.
 */
export async function createEndpoint(options: EndpointOptions = {}): Promise<DtlsEndpoint> {
  checkNames('createEndpoint', options, [...OWN_SOCKET_NAMES, 'socket', 'sendHighWaterMark', 'capture']);
  refuseBeside('socket', options, OWN_SOCKET_NAMES);
  const given = string('localAddress', options.localAddress);
  const address = given ?? '::';
  const family = isIP(address);
  if (family === 0) throw optionError('localAddress', given, `an IP address is expected, not ${show(given)}.`);
  const config: UdpConfig = Object.freeze({
    address,
    port: integer('localPort', options.localPort, { min: 0, max: 65_535 }, 0),
    family: family as 4 | 6,
    socket: parseSocket(options, { reportIcmp: true }),
    userSocket: parseUserSocket(options.socket),
    sendHighWaterMark: parseSendHighWaterMark(options.sendHighWaterMark),
  });
  const capture = parseCapture(options.capture);
  try {
    return await bind(config, capture);
  } catch (error) {
    const hasNoIpv6 = given === undefined && NO_IPV6.has((error as NodeJS.ErrnoException).code ?? '');
    if (!hasNoIpv6) throw socketError(config, error as Error);
  }
  const ipv4: UdpConfig = { ...config, address: '0.0.0.0', family: 4 };
  return bind(ipv4, capture).catch((error) => {
    throw socketError(ipv4, error);
  });
}

const OWN_SOCKET_NAMES = ['localAddress', 'localPort', 'ipv6Only', 'reusePort', ...SOCKET_NAMES] as const;
const NO_IPV6 = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL']);

async function bind(config: UdpConfig, capture: PacketRecorder | undefined): Promise<DtlsEndpoint> {
  const endpoint = captured(newUdpEndpoint(config), capture);
  // A bound socket fails only when the process is out of means; its associations notice by their deadlines.
  await endpoint.open({ stranger: () => {}, failed: () => {} });
  return new DtlsEndpoint(endpoint);
}

function socketError({ address, port }: UdpConfig, cause: Error): DtlsError {
  const message = `The endpoint cannot bind ${hostPort(address, port)}/udp: ${cause.message}.`;
  return new DtlsError('ERR_DTLS_SOCKET', message, { cause });
}

export { endpointOf };
