/** Plain counters of one association since it was made. */
export interface AssociationStats {
  datagramsSent: number;
  datagramsReceived: number;
  /** UDP payload, all datagrams. */
  bytesSent: number;
  bytesReceived: number;
  /** Application messages. */
  messagesSent: number;
  messagesReceived: number;
  /** Messages that nobody took in time from an async iterator whose buffer was full. */
  messagesDropped: number;
  /** Flights sent again because their answer did not come in time. */
  retransmits: number;
  /** Errors that the transport reported, ICMP messages say. */
  transportErrors: number;
}

export function newAssociationStats(): AssociationStats {
  return {
    datagramsSent: 0,
    datagramsReceived: 0,
    bytesSent: 0,
    bytesReceived: 0,
    messagesSent: 0,
    messagesReceived: 0,
    messagesDropped: 0,
    retransmits: 0,
    transportErrors: 0,
  };
}

/** Plain counters of one server since it was made. */
export interface ServerStats {
  /** HelloVerifyRequests sent: hellos without a valid cookie. */
  cookiesSent: number;
  /** Handshakes begun after a valid cookie. */
  handshakesStarted: number;
  handshakesCompleted: number;
  handshakesFailed: number;
  /** Hellos left unanswered because a limit was reached. */
  refusedByLimit: number;
  /** Datagrams from unknown addresses that are no answerable ClientHello. */
  datagramsIgnored: number;
  /** Associations that a new handshake from the same address replaced. */
  replaced: number;
  /** Associations closed because nothing came for idleTimeout. */
  expired: number;
}

export function newServerStats(): ServerStats {
  return {
    cookiesSent: 0,
    handshakesStarted: 0,
    handshakesCompleted: 0,
    handshakesFailed: 0,
    refusedByLimit: 0,
    datagramsIgnored: 0,
    replaced: 0,
    expired: 0,
  };
}
