import type dgram from 'node:dgram';
import { hostPort, type RemoteAddress } from '../address';
import type { Outlet } from '../transport';

/** What an endpoint tells whoever is attached to it for one peer. */
export interface PeerReceiver {
  /** A datagram of the peer: `length` bytes from `offset` on, the receiver's until the call returns. */
  datagram(bytes: Uint8Array, offset: number, length: number): void;
  /** After `send` or `commit` returned false: there is room again. */
  drained(): void;
  /** A single datagram could not be sent, or an ICMP message came. */
  failed(error: Error, fatal: boolean): void;
}

/** The way to one peer. */
export interface PeerChannel {
  /** As `Transport.send`. */
  send(datagram: Uint8Array): boolean;
  /** As `Transport.outlet`. */
  readonly outlet: Outlet | undefined;
  /** As `Transport.maxDatagramSize`. */
  readonly maxDatagramSize?: number | undefined;
  /** As `Transport.virtualTime`. */
  readonly virtualTime?: boolean | undefined;
  /** What is queued still leaves; the receiver hears nothing any more. */
  release(): void;
}

export interface EndpointEvents {
  /** A datagram of a sender for whom nobody is attached. The bytes are the receiver's until the call returns. */
  stranger(datagram: Uint8Array, from: RemoteAddress): void;
  /** The endpoint cannot go on. */
  failed(error: Error): void;
}

/** One local address and port that serves any number of peers. */
export interface Endpoint {
  /** Instead of Math.random(), on a network whose chances can be repeated. */
  readonly random?: (() => number) | undefined;
  /** Resolves when datagrams can pass; rejects with the system's error. */
  open(events: EndpointEvents): Promise<void>;
  /** Where it is bound. */
  address(): RemoteAddress;
  /** From now on the peer's datagrams go to `receiver`. Throws when the endpoint cannot reach such an address. */
  attach(remote: RemoteAddress, receiver: PeerReceiver): PeerChannel;
  /** Sends to anybody, at once; what the system refuses is lost. */
  sendTo(datagram: Uint8Array, to: RemoteAddress): void;
  /** Sends what is queued, then releases everything. Who is attached still has failed, fatally. */
  close(): Promise<void>;
  ref(): void;
  unref(): void;
}

/** How a UDP endpoint is bound; checked by the options' parsers. */
export interface UdpConfig {
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
  readonly socket: SocketConfig;
  /** Instead of a socket of its own. */
  readonly userSocket?: dgram.Socket | undefined;
  /** Bytes that may wait before `send` says so. */
  readonly sendHighWaterMark: number;
}

/** Properties of a UDP socket. */
export interface SocketConfig {
  /** Whose sockets: this package's, which move many datagrams in a system call, or node:dgram's. */
  readonly udp: 'native' | 'dgram';
  /** Leave IPv4 alone on an IPv6 socket. */
  readonly ipv6Only: boolean;
  readonly reusePort: boolean;
  /** Bytes; 0: the system's default. */
  readonly recvBufferSize: number;
  readonly sendBufferSize: number;
  /** 0: the system's default. */
  readonly ttl: number;
  /** -1: the system's default. */
  readonly dscp: number;
  /** For clients that share an endpoint: tell them of ICMP messages, where the socket can tell whom they concern. */
  readonly reportIcmp: boolean;
}

/** The error of attaching to a peer that somebody is attached to. */
export function occupied({ address, port }: RemoteAddress): Error {
  const error: NodeJS.ErrnoException = new Error(
    `the endpoint has an association with ${hostPort(address, port)} already; close it, or use another endpoint`,
  );
  error.code = 'EISCONN';
  return error;
}

/** As node:dgram has it. */
const NOT_RUNNING = 'ERR_SOCKET_DGRAM_NOT_RUNNING';

/** For those who are attached to an endpoint that closes. */
export function closedError(): Error {
  const error: NodeJS.ErrnoException = new Error('its endpoint was closed');
  error.code = NOT_RUNNING;
  return error;
}

/** Whether an endpoint is of no use any more. */
export function isClosedError(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === NOT_RUNNING;
}

/** Names an address in tables; also what its cookie is bound to. */
export function peerKey({ address, port }: RemoteAddress): string {
  return `${address}|${port}`;
}

/**
 * An IPv4 address as a dual-stack socket writes it (RFC 4291 section 2.5.5.2). Throws when a socket of the family
 * cannot reach the address.
 */
export function reachableBy(family: 4 | 6, { address, family: its }: RemoteAddress): string {
  if (family === 6) return its === 'IPv4' ? `::ffff:${address}` : address;
  if (its !== 'IPv6') return address;
  const error: NodeJS.ErrnoException = new Error(`an IPv4 socket cannot reach ${address}`);
  error.code = 'EAFNOSUPPORT';
  throw error;
}
