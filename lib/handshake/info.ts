/** What a handshake did, as far as it got. Found on `DtlsError.handshake` and `association.handshake`. */
export interface HandshakeInfo {
  /** Groups of datagrams sent in one go, repetitions not counted (RFC 6347 section 4.2.4 calls them flights). */
  readonly flightsSent: number;
  /** Groups of datagrams received between two of our flights. */
  readonly flightsReceived: number;
  readonly datagramsSent: number;
  readonly datagramsReceived: number;
  /** How often the retransmission timer sent a flight again. */
  readonly retransmits: number;
  /** Datagrams of the peer that repeated messages already received. */
  readonly repeatsReceived: number;
  /** Last message each way, "ServerHelloDone" say; undefined when there was none. */
  readonly lastSent: string | undefined;
  readonly lastReceived: string | undefined;
  /**
   * Largest datagram of this side's flights at the end, in bytes of UDP payload: the option `mtu`, or less when the
   * path carries less, or flights were lost again and again.
   */
  readonly mtu: number;
  /** OpenSSL names of the suites offered (client) or acceptable (server). */
  readonly ciphers: readonly string[];
  /** OpenSSL name of the suite that the server chose; undefined before its ServerHello. */
  readonly cipher: string | undefined;
  /** From the first datagram to the end, in milliseconds. */
  readonly durationMs: number;
}
