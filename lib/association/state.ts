import { DtlsError } from '../errors';

/**
 * - `idle`: made, `startHandshake()` not called yet
 * - `connecting`: resolving the host, opening the transport
 * - `handshaking`: datagrams are exchanged, no keys yet
 * - `open`: messages pass both ways
 * - `reconnecting`: lost, as a client that waits for its next attempt
 * - `closing`: no messages any more; close_notify and what is queued are on their way
 * - `closed`: everything is released
 */
export type AssociationState = 'idle' | 'connecting' | 'handshaking' | 'open' | 'reconnecting' | 'closing' | 'closed';

/** From handshaking to connecting: the next address of the host is tried. */
const LEGAL_MOVES: Readonly<Record<AssociationState, readonly AssociationState[]>> = {
  idle: ['connecting', 'handshaking', 'closing'],
  connecting: ['handshaking', 'reconnecting', 'closing'],
  handshaking: ['connecting', 'open', 'reconnecting', 'closing'],
  open: ['reconnecting', 'closing'],
  reconnecting: ['connecting', 'closing'],
  closing: ['closed'],
  closed: [],
};

export function isOver(state: AssociationState): boolean {
  return state === 'closing' || state === 'closed';
}

/** Returns `to`, or throws `ERR_DTLS_INTERNAL` when an association cannot go there from `from`. */
export function move(from: AssociationState, to: AssociationState): AssociationState {
  if (LEGAL_MOVES[from].includes(to)) return to;
  throw new DtlsError('ERR_DTLS_INTERNAL', `An association cannot go from ${from} to ${to}.`);
}
