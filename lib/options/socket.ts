import dgram from 'node:dgram';
import type { SocketConfig } from '../endpoints/endpoint';
import { optionError } from '../errors';
import { binding } from '../native';
import { boolean, integer, show } from './check';

/** Properties of a UDP socket. */
export interface SocketOptions {
  /**
   * Whose sockets to use: "native", this package's own, which move many datagrams in one system call (Linux), or
   * "dgram", those of `node:dgram`. Default: "native" where it works.
   */
  udp?: 'native' | 'dgram';
  /**
   * SO_RCVBUF and SO_SNDBUF in bytes. The kernel grants what its own limits allow, more to a privileged process.
   * Default: the system's.
   */
  recvBufferSize?: number;
  sendBufferSize?: number;
  /** Time to live of IPv4 packets, hop limit of IPv6 packets: 1 to 255. Default: the system's. */
  ttl?: number;
  /** Differentiated services code point (RFC 2474): 0 to 63, native sockets only. Default: the system's. */
  dscp?: number;
}

export const SOCKET_NAMES = ['udp', 'recvBufferSize', 'sendBufferSize', 'ttl', 'dscp'] as const;

/** Throws `ERR_DTLS_OPTION` for the first option that cannot be used. */
export function parseSocket(
  options: SocketOptions & { ipv6Only?: boolean; reusePort?: boolean },
  { reportIcmp = false } = {},
): SocketConfig {
  const udp = parseUdp(options.udp);
  if (udp === 'dgram' && options.dscp !== undefined) {
    throw optionError('dscp', options.dscp, 'node:dgram cannot set it; it needs udp: "native", on Linux.');
  }
  if (udp === 'dgram' && options.reusePort && !DGRAM_HAS_REUSE_PORT) {
    throw optionError(
      'reusePort',
      true,
      'node:dgram of this Node.js cannot; it needs 22.12 or 23.1, or udp: "native".',
    );
  }
  return Object.freeze({
    udp,
    ipv6Only: boolean('ipv6Only', options.ipv6Only, false),
    reusePort: boolean('reusePort', options.reusePort, false),
    recvBufferSize: integer('recvBufferSize', options.recvBufferSize, BUFFER_BOUNDS, 0),
    sendBufferSize: integer('sendBufferSize', options.sendBufferSize, BUFFER_BOUNDS, 0),
    ttl: integer('ttl', options.ttl, { min: 1, max: 255 }, 0),
    dscp: integer('dscp', options.dscp, { min: 0, max: 63 }, -1),
    reportIcmp,
  });
}

export function parseSendHighWaterMark(bytes: unknown): number {
  return integer('sendHighWaterMark', bytes, { min: 0, max: 2 ** 30 }, 65_536);
}

/** The socket of `node:dgram` that a user brings. */
export function parseUserSocket(socket: unknown): dgram.Socket | undefined {
  if (socket === undefined || socket instanceof dgram.Socket) return socket;
  throw optionError('socket', undefined, `a socket of node:dgram is expected, not ${show(socket)}.`);
}

/** Throws `ERR_DTLS_OPTION` when `given` is there and with it an option that would have no effect then. */
export function refuseBeside(given: string, options: object, others: readonly string[]): void {
  const values = options as Record<string, unknown>;
  if (values[given] === undefined) return;
  const other = others.find((name) => values[name] !== undefined);
  if (other !== undefined) throw optionError(other, undefined, `has no effect when ${given} is given; leave one out.`);
}

const [MAJOR = 0, MINOR = 0] = process.versions.node.split('.').map(Number);
const DGRAM_HAS_REUSE_PORT = MAJOR > 23 || (MAJOR === 23 && MINOR >= 1) || (MAJOR === 22 && MINOR >= 12);
const BUFFER_BOUNDS = { min: 1024, max: 2 ** 30 };

function parseUdp(udp: unknown): SocketConfig['udp'] {
  const isNativeHere = binding.UdpSocket !== undefined;
  if (udp === undefined) return isNativeHere ? 'native' : 'dgram';
  if (udp === 'native' && !isNativeHere) {
    throw optionError(
      'udp',
      udp,
      `native sockets exist on Linux only, this is ${process.platform}; leave the option out.`,
    );
  }
  if (udp === 'native' || udp === 'dgram') return udp;
  throw optionError('udp', udp, `"native" or "dgram" is expected, not ${show(udp)}.`);
}
