/**
 * The contract between lib/ and the addon (native/addon). Internal: users import the package.
 *
 * Rules: the caller allocates, native fills, and nobody keeps a pointer to JavaScript memory beyond the call.
 * Arguments are validated in lib/; native code only asserts. No JavaScript runs inside OpenSSL.
 */

/** What a verb found: a positive number is the size of a message in bytes; the rest is `Status` of lib/native.ts. */
export type Status = number;

export interface ClientPsk {
  /** 1 to 128 bytes without NUL. */
  identity: Uint8Array;
  /** 1 to 256 bytes. */
  key: Uint8Array;
}

/** A certificate with its chain, DER, leaf first, and the private key that belongs to it, PKCS#8 DER. */
export interface OwnIdentity {
  certificates: Uint8Array[];
  key: Uint8Array;
}

export interface ContextOptions {
  /** OpenSSL cipher list. */
  ciphers: string;
  /** Versions as on the wire: 0xfeff is DTLS 1.0, 0xfefd is DTLS 1.2. */
  minVersion: number;
  maxVersion: number;
  /** OpenSSL group and signature algorithm lists; empty: OpenSSL's own. */
  groups: string;
  signatureAlgorithms: string;
  /** Collect NSS key log lines for `Session.takeKeylog`. */
  keylog: boolean;
  /** How long a session may be resumed, in seconds. */
  sessionTimeoutS: number;
  /** As a client: asks for records of at most 512, 1024, 2048 or 4096 bytes (RFC 6066 section 4); 0: does not. */
  maxFragmentLength: number;
  /** At most one for each type of key. */
  identities: OwnIdentity[];
  /**
   * As a server: what to sign with when there is an EdDSA identity and none with ECDSA; empty otherwise. OpenSSL then
   * needs help with DTLS, see native/tls/eddsa_server.h. `peerSignatureAlgorithms` is what clients may sign with.
   */
  eddsaSignatureAlgorithms: string;
  peerSignatureAlgorithms: string;
  /** Raw public keys (RFC 7250) in place of certificates, the peer's and our own. */
  rawPublicKeys: boolean;
  /** The private key of ours, PKCS#8 DER. */
  rawPrivateKey?: Uint8Array | undefined;
  /** As a server: sent in ServerKeyExchange. */
  pskIdentityHint?: Uint8Array | undefined;
  /** As a client: fixed credentials. Copied, wiped with the context. */
  psk?: ClientPsk | undefined;
  /** As a server: identity and key pairs. Copied, wiped with the context. */
  pskTable?: Array<[identity: Uint8Array, key: Uint8Array]> | undefined;
}

/** Certificates and revocation lists, DER. Throws an Error with OpenSSL's reason for what cannot be read. */
export interface TrustStore {
  readonly size: number;
}

/**
 * One SSL_CTX and its credentials, for sessions of either role. Throws an Error with OpenSSL's reason when OpenSSL
 * refuses the options.
 */
export interface Context {
  /**
   * The suites that a session of this context offers or accepts, in order of preference: OpenSSL's names, and the
   * numbers on the wire.
   */
  suites(): { names: string[]; ids: number[] };
  /** Whom to trust; without it nobody's certificate is. `announce`: a server names these authorities to clients. */
  setTrust(trust: TrustStore, announce: boolean): void;
  /** Keys of session tickets, 48 bytes each as those of `node:tls`: the first makes them, all read them. */
  setTicketKeys(keys: Uint8Array[]): void;
}

export interface SessionOptions {
  /** Largest outgoing datagram of the handshake, in bytes of UDP payload. */
  mtu: number;
  initialTimeoutMs: number;
  maxTimeoutMs: number;
  /** End the handshake when the chain is not trusted. */
  requireTrust: boolean;
  /** OpenSSL's list of SRTP profiles; empty: no use_srtp extension (RFC 5764). */
  srtpProfiles: string;
}

export interface ClientSessionOptions extends SessionOptions {
  /** For the server_name extension; empty: none. */
  serverName: string;
  /** ALPN's ProtocolNameList without its length (RFC 7301); empty: none. */
  alpnProtocols: Uint8Array;
  /** A session to resume, as `sessionData` returned it; empty: none. */
  session: Uint8Array;
}

export interface ServerSessionOptions extends SessionOptions {
  /** Ask for a certificate, and refuse who has none. A client always asks. */
  requestCert: boolean;
  requireCert: boolean;
  /** Give session tickets; else session IDs. */
  tickets: boolean;
  /** Sessions made under another one are not resumed. Up to 32 bytes. */
  sessionIdContext: Uint8Array;
}

/**
 * What a session's datagrams and messages are moved by: calls on the object itself take twice as long. Leads nowhere
 * once the session is destroyed.
 */
export interface SessionHandle {
  readonly handleOf: 'Session';
}

/**
 * One end of a DTLS connection: bytes in, bytes out.
 *
 * Call order: `start` once; then `Binding.receive` for each datagram and `poll` until Idle; `handleTimeout` when
 * `timeoutMs` has passed; after each of them `takeDatagram` until 0.
 */
export interface Session {
  /**
   * Credentials for what the context's fixed keys do not answer; before OpenSSL asks. A server's are for one identity.
   * Copied, wiped when the handshake is complete.
   */
  setPsk(identity: Uint8Array, key: Uint8Array): void;
  /** As a server: whether the context in use has a fixed key for this identity; without one, for `pskIdentity`'s. */
  knowsIdentity(identity?: Uint8Array): boolean;
  /**
   * As a server, before `start`: the context of the name that the client asked for, and what its sessions are made
   * under, as `ServerSessionOptions.sessionIdContext`. `keepTrust`: who is trusted stays as it was.
   */
  useContext(context: Context, sessionIdContext: Uint8Array, keepTrust: boolean): void;
  /** As a server, before `start`: the protocol that was chosen; empty: none fits, which ends the handshake. */
  selectAlpn(protocol: Uint8Array): void;
  start(): Status;
  /** For `Binding.receive` and `Binding.write`; another one each time. */
  handle(): SessionHandle;
  poll(into: Uint8Array, offset: number): Status;
  /**
   * How far a datagram's only record, application data or an alert under the keys, is ahead of all that authenticated
   * so far; 0 when it is not, or the datagram is another one.
   */
  recordsAhead(datagram: Uint8Array): number;
  /** Before `start`: retransmissions keep to the `nowMs` of the two verbs that take it, not to the system's clock. */
  useVirtualTime(): void;
  /** `nowMs` as performance.now(); read after `useVirtualTime` only. */
  handleTimeout(nowMs: number): Status;
  /** Queues close_notify; nothing before the handshake is complete. */
  shutdown(): Status;
  /** Copies the oldest outgoing datagram to `into` at `offset`; its size, or 0 when there is none. */
  takeDatagram(into: Uint8Array, offset: number): number;
  /** Until `handleTimeout` is due, rounded up; -1 when no timer runs. `nowMs` as there. */
  timeoutMs(nowMs: number): number;
  /** How the handshake stands: its `Stage` in the two lowest bits, and those of `Progress`; see lib/native.ts. */
  progress(): number;
  /**
   * Largest datagram of the flights from now on, 256 bytes at least; what is sent again is cut anew. Before `start`, a
   * session whose ticket does not fit any more is not offered.
   */
  setMtu(mtu: number): void;
  /**
   * Largest message that fits a datagram of `mtu` bytes with the negotiated cipher; 0 before the handshake is complete.
   */
  maxPayload(mtu: number): number;
  /** OpenSSL's reason for the failure, "" when it gave none. */
  reason(): string;
  /** `level << 8 | description`, -1 when none was seen. */
  alertReceived(): number;
  alertSent(): number;
  /** The identity that the client named, read as UTF-8; "" before. */
  pskIdentity(): string;
  /** NSS key log lines since the last call, each ended by a line feed; empty when there is none. */
  takeKeylog(): Buffer;
  /** OpenSSL name of the negotiated (or, during the handshake, pending) suite; "" before the ServerHello. */
  cipherName(): string;
  /** IANA name of the same suite. */
  cipherStandardName(): string;
  /** "DTLSv1.2" and the like. */
  protocol(): string;
  /** The peer's certificate, DER, and its issuers up to the trusted one; those that it sent when it is not trusted. */
  peerCertificates(): Buffer[];
  /** The peer's raw public key, SubjectPublicKeyInfo DER; empty when it showed none. */
  peerPublicKey(): Buffer;
  /** OpenSSL's X509_V_ERR number; 0: the chain is trusted. */
  verifyError(): number;
  /** Our own certificate in use, DER; empty: none. */
  ownCertificate(): Buffer;
  isReused(): boolean;
  /** The session, DER, for a client to resume; empty when it cannot be. */
  sessionData(): Buffer;
  /** When it expires, in seconds since 1970. */
  sessionExpiryS(): number;
  /** "" when none was negotiated. */
  alpnProtocol(): string;
  serverName(): string;
  /** OpenSSL's name of the selected SRTP profile; "" when none was. */
  srtpProfile(): string;
  extendedMasterSecret(): boolean;
  /** RFC 5705; undefined when OpenSSL refuses. */
  exportKeyingMaterial(length: number, label: string, context: Uint8Array | undefined): Buffer | undefined;
  /** The latest Finished message that was sent, and received; empty: none yet. */
  finished(): Buffer;
  peerFinished(): Buffer;
  /** As a client: the server's ephemeral key, as `tls.TLSSocket.getEphemeralKeyInfo`; undefined: none. */
  ephemeralKey(): { type: 'DH' | 'ECDH'; name?: string; size: number } | undefined;
  /** Whether to collect OpenSSL's description of each message for `takeTrace`. */
  setTrace(enabled: boolean): void;
  takeTrace(): Buffer;
  isDestroyed(): boolean;
  /** Frees the SSL. Later verbs throw; a second `destroy` does nothing. */
  destroy(): void;
}

/** The stateless cookie step of a server (RFC 6347 section 4.2.1). */
export interface Listener {
  /** Keys of 32 bytes: cookies are made with the first and accepted with any. */
  setCookieKeys(keys: Uint8Array[]): void;
  /** `address` is the sender's address and port in any fixed form. Returns a `Verdict` of lib/native.ts. */
  accept(datagram: Uint8Array, address: Uint8Array): number;
  takeDatagram(into: Uint8Array, offset: number): number;
  /** The verified session, to be started; only directly after Verified, or not at all. */
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
   * Largest datagram that reaches a peer in one packet, in bytes of UDP payload, as far as the kernel knows the path;
   * 0: it does not. On a socket that is not connected the answer takes four system calls.
   */
  maxDatagramSize(peer: number): number;
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
   * the peer's number and the size, from entry `first` on; datagrams of different peers may change places in both.
   * Returns how many are done with, sent or refused; fewer than `count`: the socket's buffer is full. Its complement
   * (negative) when `takeError` has something to tell.
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
  TrustStore: new (certificates: Uint8Array[], revocationLists: Uint8Array[]) => TrustStore;
  /** What a PKCS#12 file holds. The key is PKCS#8 DER; its owner wipes it. */
  readPkcs12(
    pfx: Uint8Array,
    passphrase: string,
  ): { certificates: Buffer[]; key: Buffer } | 'passphrase' | 'unreadable';
  /** Whether the OpenSSL that runs has raw public keys (3.2 and later). */
  hasRawPublicKeys(): boolean;
  /** A client's session; a server gets its sessions from `Listener.promote`. */
  Session: new (
    context: Context,
    options: ClientSessionOptions,
  ) => Session;
  /**
   * Feeds a session one datagram, the `length` bytes from `at` on, and polls once. `into` from `offset` must have room
   * for 16,384 bytes until the handshake is complete, later for as many bytes as the datagram has.
   */
  receive(
    session: SessionHandle,
    datagram: Uint8Array,
    at: number,
    length: number,
    into: Uint8Array,
    offset: number,
  ): Status;
  /**
   * Encrypts 1 to 16,384 bytes and copies the oldest outgoing datagram, which is theirs when all before have been
   * taken, to `into` at `offset`. Returns its size.
   */
  write(session: SessionHandle, data: Uint8Array, into: Uint8Array, offset: number): Status;
  Listener: new (context: Context, options: ServerSessionOptions) => Listener;
  /** Only on Linux. */
  UdpSocket?: new () => UdpSocket;
}
