/**
 * The contract between lib/ and the addon (native/addon). Internal: users import the package.
 *
 * Rules: the caller allocates, native fills, and nobody keeps a pointer to JavaScript memory beyond the call.
 * Arguments are validated in lib/; native code only asserts. A verb that is called from inside a callback of the
 * same session throws; `destroy()` called there takes effect when the outer verb returns.
 */

/** What a verb found: a positive number is the size of a message in bytes; the rest is `Status` of lib/native.ts. */
export type Status = number;

export interface ClientPsk {
  /** 1 to 128 bytes without NUL. */
  identity: Uint8Array;
  /** 1 to 256 bytes. */
  key: Uint8Array;
}

export interface ContextOptions {
  /** OpenSSL cipher list. */
  ciphers: string;
  /** As a server: sent in ServerKeyExchange. */
  pskIdentityHint?: Uint8Array;
  /** Collect NSS key log lines for `Session.takeKeylog`. */
  keylog: boolean;
  /** As a client: fixed credentials. Copied, wiped with the context. */
  psk?: ClientPsk;
  /** As a server: identity and key pairs. Copied, wiped with the context. */
  pskTable?: Array<[identity: Uint8Array, key: Uint8Array]>;
}

/**
 * One SSL_CTX and its credentials, for sessions of either role. Throws an Error with OpenSSL's reason when OpenSSL
 * refuses the options.
 */
export interface Context {
  /** OpenSSL names of the suites that a session of this context offers or accepts, in order of preference. */
  cipherNames(): string[];
}

export interface SessionOptions {
  /** Largest outgoing datagram, in bytes of UDP payload. */
  mtu: number;
  initialTimeoutMs: number;
  maxTimeoutMs: number;
}

/**
 * One end of a DTLS connection: bytes in, bytes out.
 *
 * Call order: `start` once; then `receive` for each datagram and `poll` until Idle; `handleTimeout` when
 * `timeoutMs` has passed; after each of them `takeDatagram` until 0.
 */
export interface Session {
  /**
   * Called during a handshake for what the context's fixed keys do not answer: on a client with the server's hint
   * (empty: none was sent), on a server with the client's identity. Looked up on the object at each call, so that
   * native code holds no reference. What it throws ends the handshake and comes out of `takeThrown`.
   */
  onPsk?: (this: Session, asked: Buffer) => ClientPsk | Uint8Array | undefined;
  start(): Status;
  /**
   * Feeds one datagram, the `length` bytes from `at` on, and polls once. `into` from `offset` must have room for
   * 16,384 bytes until the handshake is complete, later for as many bytes as the datagram has.
   */
  receive(datagram: Uint8Array, at: number, length: number, into: Uint8Array, offset: number): Status;
  poll(into: Uint8Array, offset: number): Status;
  /**
   * Encrypts 1 to 16,384 bytes and copies the oldest outgoing datagram, which is theirs when all before have been
   * taken, to `into` at `offset`. Returns its size.
   */
  write(data: Uint8Array, into: Uint8Array, offset: number): Status;
  handleTimeout(): Status;
  /** Queues close_notify; nothing before the handshake is complete. */
  shutdown(): Status;
  /** Copies the oldest outgoing datagram to `into` at `offset`; its size, or 0 when there is none. */
  takeDatagram(into: Uint8Array, offset: number): number;
  /** Until `handleTimeout` is due, rounded up; -1 when no timer runs. */
  timeoutMs(): number;
  /** `Stage` of lib/native.ts: how far the key exchange is. */
  stage(): number;
  /** Largest message that fits the MTU with the negotiated cipher; 0 before the handshake is complete. */
  maxPayload(): number;
  /** OpenSSL's reason for the failure, "" when it gave none. */
  reason(): string;
  /** `level << 8 | description`, -1 when none was seen. */
  alertReceived(): number;
  alertSent(): number;
  /** True once after OpenSSL asked for a pre-shared key. */
  takePskRequested(): boolean;
  /** The identity that the client named; empty before. */
  pskIdentity(): Buffer;
  /** What a callback threw, wrapped because it may be undefined; undefined when nothing was thrown. */
  takeThrown(): { value: unknown } | undefined;
  /** NSS key log lines since the last call, each ended by a line feed; empty when there is none. */
  takeKeylog(): Buffer;
  /** OpenSSL name of the negotiated (or, during the handshake, pending) suite; "" before the ServerHello. */
  cipherName(): string;
  /** IANA name of the same suite. */
  cipherStandardName(): string;
  /** "DTLSv1.2" and the like. */
  protocol(): string;
  /** Frees the SSL. Later verbs throw; a second `destroy` does nothing. */
  destroy(): void;
}

/** The stateless cookie step of a server (RFC 6347 section 4.2.1). */
export interface Listener {
  /** Two keys of 32 bytes: cookies are made with `current` and accepted with either. */
  setCookieKeys(current: Uint8Array, previous: Uint8Array): void;
  /** `address` is the sender's address and port in any fixed form. Returns a `Verdict` of lib/native.ts. */
  accept(datagram: Uint8Array, address: Uint8Array): number;
  takeDatagram(into: Uint8Array, offset: number): number;
  /** The verified session, to be started; only directly after Verified. */
  promote(): Session;
  destroy(): void;
}

export interface UdpSocketOptions {
  /** Leave IPv4 alone on an IPv6 socket. */
  ipv6Only: boolean;
  reusePort: boolean;
  /** Bytes; 0: the system's default. */
  recvBufferSize: number;
  sendBufferSize: number;
  /** 0: the system's default. */
  ttl: number;
  /** 0 to 63; -1: the system's default. */
  dscp: number;
  /** Without `connect`: tell ICMP messages, and whom they concern. */
  reportIcmp: boolean;
  /** Tried unless false: segmentation on sending, merging on receiving, many messages a system call. */
  gso?: boolean;
  gro?: boolean;
  mmsg?: boolean;
}

/**
 * A UDP socket of Linux that moves many datagrams in one system call and knows its peers by number. Never blocks.
 * What fails returns an errno, 0 is success.
 *
 * Call order: `open`; `bind`, `connect` for a socket of one peer, or both; `start`; `close`.
 */
export interface UdpSocket {
  open(family: 4 | 6, options: UdpSocketOptions): number;
  bind(address: string, port: number): number;
  /** Every datagram is then of this peer, whose number is 0. */
  connect(address: string, port: number): number;
  /** Calls back when datagrams wait, and when there is room again if `awaitWritable` was called. */
  start(onEvent: (readable: boolean, writable: boolean) => void): number;
  awaitWritable(awaited: boolean): void;
  localAddress(): { address: string; port: number; family: 'IPv4' | 'IPv6' };
  features(): { gso: boolean; gro: boolean; mmsg: boolean };
  /** The number of a peer, 0 or more; the same when it has one. -1: no address. */
  intern(address: string, port: number): number;
  forget(peer: number): void;
  /**
   * Fills `slab`, of `slots` (at most 32) times 65,728 bytes, and `received` with four integers an entry: the peer's
   * number or -1, the offset in `slab`, the size, and the size of each datagram when several were merged (the last may
   * be shorter), 0 when it is one, -1 when it was truncated. Returns the number of entries.
   */
  receive(slab: Uint8Array, received: Int32Array, slots: number): number;
  /** The sender of an entry of the last `receive`. */
  senderOf(entry: number): { address: string; port: number; family: 'IPv4' | 'IPv6' };
  /**
   * Sends `count` datagrams that follow one another in `bytes` from `offset`. `outgoing` holds two integers for each,
   * the peer's number and the size, from entry `first` on. Returns how many are done with, sent or refused; fewer
   * than `count`: the socket's buffer is full. Its complement (negative) when `takeError` has something to tell.
   */
  send(bytes: Uint8Array, offset: number, outgoing: Int32Array, first: number, count: number): number;
  sendTo(datagram: Uint8Array, address: string, port: number): number;
  /** An errno of a single datagram or an ICMP message; 0 when there is none (any more). */
  takeError(): number;
  /** The number of the peer whom the error that was taken last concerns; -1: not known. */
  errorPeer(): number;
  /** Whether the socket keeps the process alive; it does unless told otherwise. */
  setReferenced(referenced: boolean): void;
  close(): void;
}

export interface Versions {
  addon: string;
  /** OpenSSL of the headers that the addon was compiled with. */
  opensslBuilt: string;
  /** OpenSSL that runs. */
  opensslRuntime: string;
  opensslMajorBuilt: number;
  opensslMajorRuntime: number;
  /** Whose OpenSSL that is. */
  openssl: 'node' | 'static';
}

export interface Binding {
  versions(): Versions;
  Context: new (options: ContextOptions) => Context;
  /** A client's session; a server gets its sessions from `Listener.promote`. */
  Session: new (
    context: Context,
    options: SessionOptions,
  ) => Session;
  Listener: new (context: Context, options: SessionOptions) => Listener;
  /** Only on Linux. */
  UdpSocket?: new () => UdpSocket;
}
