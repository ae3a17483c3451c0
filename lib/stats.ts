import type { DtlsErrorCode } from './errors';
import type { ServerLimits } from './options/limits';

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
  /** Empty records and messages of `keepAlive`, and calls of its probe. */
  keepAlivesSent: number;
  /** Times that a lost association was opened again. */
  reconnects: number;
  alertsSent: number;
  /** Fatal ones, and close_notify. */
  alertsReceived: number;
  /** Datagrams of an open association that came to nothing, by the reason. */
  readonly dropped: Record<DropReason, number>;
}

/**
 * - `forged`: a message that does not authenticate
 * - `replayed`: one that was there before, or is too old to tell
 * - `unwanted`: no record that an open association has use for
 */
export type DropReason = 'forged' | 'replayed' | 'unwanted';

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
    keepAlivesSent: 0,
    reconnects: 0,
    alertsSent: 0,
    alertsReceived: 0,
    dropped: { forged: 0, replayed: 0, unwanted: 0 },
  };
}

const { dropped: noDrops, ...noCounts } = newAssociationStats();
const COUNTERS = Object.keys(noCounts) as Array<keyof typeof noCounts>;
const DROP_REASONS = Object.keys(noDrops) as DropReason[];

/** Adds all counters of `other`. */
export function addStats(sum: AssociationStats, other: AssociationStats): void {
  for (const name of COUNTERS) sum[name] += other[name];
  for (const reason of DROP_REASONS) sum.dropped[reason] += other.dropped[reason];
}

/** The name of the limit that a hello would break; `draining`: the server takes nobody any more. */
export type RefusalReason = Exclude<keyof ServerLimits, 'maxForgedRecords'> | 'draining';

/**
 * - `malformed`: no DTLS record
 * - `hello`: a ClientHello that cannot be answered
 * - `stray`: a record of no association here
 */
export type StrangerDropReason = 'malformed' | 'hello' | 'stray';

/** Plain counters of one server since it was made. */
export interface ServerStats {
  /** HelloVerifyRequests sent: hellos without a valid cookie. */
  cookiesSent: number;
  /** Handshakes begun after a valid cookie. */
  handshakesStarted: number;
  handshakesCompleted: number;
  /** Those of them that resumed a session. */
  handshakesResumed: number;
  handshakesFailed: number;
  /** How many failed with which `code` of `DtlsError`. */
  readonly handshakeErrors: Partial<Record<DtlsErrorCode, number>>;
  /** Hellos with a valid cookie left unanswered, by the limit. */
  readonly refused: Record<RefusalReason, number>;
  /** Datagrams of unknown addresses that came to nothing, by the reason. */
  readonly dropped: Record<StrangerDropReason, number>;
  /** Associations that a new handshake from the same address replaced. */
  replaced: number;
  /** Times that an association followed its peer to another address. */
  migrated: number;
  /** Associations closed because nothing came for idleTimeout. */
  expired: number;
  /** Associations closed by `drain` because they were idle. */
  drained: number;
}

export function newServerStats(): ServerStats {
  return {
    cookiesSent: 0,
    handshakesStarted: 0,
    handshakesCompleted: 0,
    handshakesResumed: 0,
    handshakesFailed: 0,
    handshakeErrors: {},
    refused: {
      maxAssociations: 0,
      maxAssociationsPerAddress: 0,
      maxHandshakes: 0,
      maxHandshakesPerAddress: 0,
      handshakesPerSecond: 0,
      handshakesPerSecondPerAddress: 0,
      draining: 0,
    },
    dropped: { malformed: 0, hello: 0, stray: 0 },
    replaced: 0,
    migrated: 0,
    expired: 0,
    drained: 0,
  };
}
