import type { CloseInfo, DtlsAssociation } from '../../index';
import { roundMs } from '../connected';
import type { Summary, SummaryRow } from '../events';

/** One association of the demo, seen from both ends. */
export interface Visit {
  association: DtlsAssociation;
  /** The server's end, once its handshake is complete. */
  peer: DtlsAssociation | undefined;
  datagramsLost: number;
  answers: number;
  /** How the server saw it end. */
  closedBy: CloseInfo['reason'] | undefined;
}

export function summarize(visits: readonly Visit[], loser: string, durationMs: number): Summary {
  const missing = visits.flatMap((visit) => whatIsMissing(visit, visit.association.name === loser));
  return {
    event: 'summary',
    ok: missing.length === 0,
    durationMs: roundMs(durationMs),
    missing,
    associations: visits.map(rowOf),
  };
}

/** Only the first thing that did not happen counts: the rest follows from it. */
function whatIsMissing(visit: Visit, loses: boolean): string[] {
  const { name } = visit.association;
  if (visit.association.handshake === undefined) return [`the handshake of ${name}`];
  if (visit.answers === 0) return [`the answer to the ping of ${name}`];
  if (loses && visit.datagramsLost === 0) return [`the lost datagram of ${name}`];
  if (loses && retransmits(visit) === 0) return [`the retransmission for ${name}`];
  if (visit.closedBy !== 'peer') return [`the close_notify of ${name} at the server`];
  return [];
}

/** Of either end: the loss of a last flight may be noticed by both. */
function retransmits({ association, peer }: Visit): number {
  return association.stats.retransmits + (peer?.stats.retransmits ?? 0);
}

function rowOf(visit: Visit): SummaryRow {
  const { association, datagramsLost, answers, closedBy } = visit;
  const { handshake, stats } = association;
  return {
    association: association.name,
    ...(handshake !== undefined && { handshakeMs: roundMs(handshake.durationMs) }),
    ...(handshake?.cipher !== undefined && { cipher: handshake.cipher }),
    datagramsSent: stats.datagramsSent,
    datagramsReceived: stats.datagramsReceived,
    datagramsLost,
    retransmits: retransmits(visit),
    answers,
    ...(closedBy !== undefined && { closedBy }),
  };
}
