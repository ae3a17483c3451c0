import type { AssociationStats, CloseInfo } from '../index';

export type Level = 'info' | 'warning' | 'error';

export interface Notice {
  event: Level;
  message: string;
  association?: string;
  code?: string;
}

interface Lookup {
  event: 'lookup';
  association: string;
  address: string;
}

export interface Connected {
  event: 'connected';
  association: string;
  address: string;
  port: number;
  protocol: string;
  cipher: string;
  /** That of the pre-shared key, "" without one. */
  identity: string;
  /** The peer's; absent when it showed none. */
  certificate?: { subject: string; issuer: string; fingerprint: string };
  /** Whether the certificate is in order, or the peer has the pre-shared key. */
  authorized: boolean;
  /** Why not; absent when nobody asked for a certificate. */
  authorizationError?: string;
  /** What was agreed on, if anything. */
  servername?: string;
  alpn?: string;
  srtp?: string;
  /** Whether the session is one from before. */
  resumed: boolean;
  handshakeMs: number;
  retransmits: number;
}

/** `message` at a server, `response` at a client, as Qt's examples call them. The bytes are valid during the call. */
export interface Received {
  event: 'message' | 'response';
  association: string;
  data: Uint8Array;
  datagram: Uint8Array;
}

interface Closed {
  event: 'closed';
  association: string;
  reason: CloseInfo['reason'];
  code?: string;
  message?: string;
  stats: AssociationStats;
}

interface Listening {
  event: 'listening';
  address: string;
  port: number;
}

/** How one association of the demo went; what did not happen is absent. */
export interface SummaryRow {
  association: string;
  handshakeMs?: number;
  cipher?: string;
  datagramsSent: number;
  datagramsReceived: number;
  datagramsLost: number;
  retransmits: number;
  answers: number;
  /** How the server saw the association end. */
  closedBy?: CloseInfo['reason'];
}

export interface Summary {
  event: 'summary';
  ok: boolean;
  durationMs: number;
  /** What should have happened and did not. */
  missing: string[];
  associations: SummaryRow[];
}

/** Everything that the commands have to tell; with --json one line each, so names and meanings are stable. */
export type CliEvent = Notice | Lookup | Connected | Received | Closed | Listening | Summary;

export type Report = (event: CliEvent) => void;
