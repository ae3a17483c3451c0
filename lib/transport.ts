import type { RemoteAddress } from './address';

/** What a transport tells its association. */
export interface TransportReceiver {
  /** The transport can send. Called once, before any datagram. */
  opened(): void;
  /**
   * One datagram arrived: all of `bytes`, or the `length` bytes from `offset` on. They belong to the receiver until
   * the call returns.
   */
  datagram(bytes: Uint8Array, offset?: number, length?: number): void;
  /** After `send` returned false: the queue is empty again. */
  drained(): void;
  /** The transport failed. With `fatal` false (say, an ICMP message) it goes on. */
  failed(error: Error, fatal: boolean): void;
}

/**
 * Room for outgoing datagrams in the transport's own memory, for a transport that gathers many before it sends. Use:
 * `reserve(size)`, write up to so many bytes at `offset` of what it returned, `commit` what was written.
 */
export interface Outlet {
  reserve(size: number): Buffer;
  readonly offset: number;
  /** Sends the `size` bytes at `offset`; returns as `Transport.send`. */
  commit(size: number): boolean;
}

/**
 * Carries the datagrams of one association to and from one peer: a UDP socket, a server's share of one, or the
 * user's own channel. It keeps datagram boundaries; it may lose, repeat and reorder.
 */
export interface Transport {
  /** Known once opened. */
  readonly remote: RemoteAddress | undefined;
  /** Starts the transport; it answers through `receiver`, never before this call returns. */
  open(receiver: TransportReceiver): void;
  /**
   * Sends one datagram. The bytes are never changed afterwards, so they may be kept. The receiver is not called
   * before this returns. False: taken, but the queue is over its mark, and `drained` will be called.
   */
  send(datagram: Uint8Array): boolean;
  /**
   * Largest datagram in bytes that the way to the peer carries, as far as is known now; datagrams are then not larger,
   * but for OpenSSL's least, 256. Read by a client when it begins, by both sides before a flight is sent again, and
   * after `failed` with an error whose code is EMSGSIZE. Default: not known.
   */
  readonly maxDatagramSize?: number | undefined;
  /** Saves a copy of each message, where the transport has one. Read when the handshake is complete. */
  readonly outlet?: Outlet | undefined;
  /**
   * Retransmissions keep to performance.now(), which a test may have replaced, and not to the system's clock, which is
   * the only one that OpenSSL reads. Each may then wait for it, 5 ms at most. Default false.
   */
  readonly virtualTime?: boolean | undefined;
  /** Sends what is queued, then releases everything; the receiver hears nothing from this call on. */
  close(): Promise<void> | void;
  ref(): void;
  unref(): void;
}

/** What a server's transport tells the server. */
export interface ServerTransportReceiver {
  datagram(bytes: Uint8Array, from: RemoteAddress): void;
  drained(): void;
  /** The transport cannot go on. */
  failed(error: Error): void;
}

/** Carries the datagrams of a server to and from many peers. */
export interface ServerTransport {
  /** Resolves when datagrams can arrive; rejects with the system's error when it cannot be bound. */
  open(receiver: ServerTransportReceiver): Promise<void>;
  /** Where it listens. */
  address(): RemoteAddress;
  /** As `Transport.send`. */
  send(datagram: Uint8Array, to: RemoteAddress): boolean;
  /** As `Transport.virtualTime`. */
  readonly virtualTime?: boolean | undefined;
  close(): Promise<void>;
  ref(): void;
  unref(): void;
}
