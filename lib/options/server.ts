import type dgram from 'node:dgram';
import { isIP } from 'node:net';
import type { RemoteAddress } from '../address';
import type { UdpConfig } from '../endpoints/endpoint';
import { optionError } from '../errors';
import type { ServerTransport } from '../transport';
import { callback, checkNames, integer, show, string } from './check';
import type { PskTable } from './psk';
import { COMMON_NAMES, type CommonOptions, parseSession, type SessionConfig } from './session';
import { parseSocket, parseUserSocket, refuseBeside, SOCKET_NAMES, type SocketOptions } from './socket';

/** Called during the handshake for an identity that `psk` does not hold. No answer: the identity is unknown. */
export type ServerPskCallback = (identity: string, peer: RemoteAddress) => Uint8Array | null | undefined;

export interface ServerLimits {
  /** Associations at one time, handshakes included. Default 10000. */
  maxAssociations?: number;
  /** Handshakes at one time. Default 1000. */
  maxHandshakes?: number;
}

export interface ServerOptions extends CommonOptions {
  psk?: PskTable;
  pskCallback?: ServerPskCallback;
  /** Sent to clients that they may choose a key by it: up to 128 bytes of UTF-8. Default: none is sent. */
  pskIdentityHint?: string;
  /** 32 bytes or more, the same for every process behind one address. Default: random for this server. */
  cookieSecret?: Uint8Array;
  /** Close an association when no message came from its peer for so many milliseconds. Default 0: never. */
  idleTimeout?: number;
  limits?: ServerLimits;
}

export interface ListenOptions extends SocketOptions {
  /** 0 lets the system choose. Required unless `socket` or `transport` is given. */
  port?: number;
  /** An IP address. Default "0.0.0.0"; "::" takes IPv4 too. */
  address?: string;
  /** With an IPv6 address: leave IPv4 alone. Default false. */
  ipv6Only?: boolean;
  /**
   * SO_REUSEPORT: several processes or workers listen on one port and the kernel spreads the peers over them. Default
   * false. With `udp: "dgram"` it needs Node 22.12 or 23.1.
   */
  reusePort?: boolean;
  /** A socket of `node:dgram` that the user brings, bound or not, and closes. */
  socket?: dgram.Socket;
  /** The user's own channel instead of a UDP socket. */
  transport?: ServerTransport;
}

/** `ServerOptions`, checked and complete. */
export interface ServerConfig extends SessionConfig {
  readonly pskCallback: ServerPskCallback | undefined;
  readonly cookieSecret: Uint8Array | undefined;
  /** 0: never. */
  readonly idleTimeoutMs: number;
  readonly maxAssociations: number;
  readonly maxHandshakes: number;
}

/** Throws `ERR_DTLS_OPTION` for the first option that cannot be used. */
export function parseServerOptions(options: ServerOptions): ServerConfig {
  checkNames('createServer', options, [...COMMON_NAMES, 'pskIdentityHint', 'cookieSecret', 'idleTimeout', 'limits']);
  const limits = options.limits ?? {};
  checkNames('limits', limits, ['maxAssociations', 'maxHandshakes']);
  const pskCallback = callback('pskCallback', options.pskCallback);
  const own = options.pskIdentityHint === undefined ? {} : { pskIdentityHint: options.pskIdentityHint };
  return Object.freeze({
    ...parseSession('server', options, options.psk, pskCallback !== undefined, own),
    pskCallback,
    cookieSecret: parseCookieSecret(options.cookieSecret),
    idleTimeoutMs: integer('idleTimeout', options.idleTimeout, { min: 0, max: 2 ** 31 - 1 }, 0),
    maxAssociations: integer('limits.maxAssociations', limits.maxAssociations, { min: 1, max: 2 ** 31 - 1 }, 10_000),
    maxHandshakes: integer('limits.maxHandshakes', limits.maxHandshakes, { min: 1, max: 2 ** 31 - 1 }, 1000),
  });
}

export interface ListenConfig extends Omit<UdpConfig, 'sendHighWaterMark'> {
  readonly transport: ServerTransport | undefined;
}

const OWN_SOCKET_NAMES = ['port', 'address', 'ipv6Only', 'reusePort', ...SOCKET_NAMES] as const;

/** Throws `ERR_DTLS_OPTION` for the first option that cannot be used. */
export function parseListenOptions(options: ListenOptions): ListenConfig {
  checkNames('listen', options, [...OWN_SOCKET_NAMES, 'socket', 'transport']);
  const address = string('address', options.address) ?? '0.0.0.0';
  const family = isIP(address);
  if (family === 0) throw optionError('address', address, `an IP address is expected, not ${show(address)}.`);
  const userSocket = parseUserSocket(options.socket);
  refuseBeside('socket', options, OWN_SOCKET_NAMES);
  refuseBeside('transport', options, ['socket', 'reusePort', ...SOCKET_NAMES]);
  if (options.port === undefined && options.transport === undefined && userSocket === undefined) {
    throw optionError('port', undefined, 'a port from 0 to 65535 is required.');
  }
  return Object.freeze({
    port: integer('port', options.port, { min: 0, max: 65_535 }, 0),
    address,
    family: family as 4 | 6,
    socket: parseSocket(options),
    userSocket,
    transport: options.transport,
  });
}

function parseCookieSecret(secret: unknown): Uint8Array | undefined {
  if (secret === undefined) return undefined;
  if (secret instanceof Uint8Array && secret.length >= 32) return secret;
  const given = secret instanceof Uint8Array ? `${secret.length} bytes` : `a ${typeof secret}`;
  throw optionError('cookieSecret', undefined, `a Uint8Array of 32 bytes or more is expected, not ${given}.`);
}
