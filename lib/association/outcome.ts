import type { Session } from '../../binding';
import { usesPsk } from '../credentials/ciphers';
import type { Standing } from './peer-judge';

/** What the handshake settled; outlives the session. */
export interface Negotiated {
  readonly cipherName: string;
  readonly cipherStandardName: string;
  readonly protocol: string;
  /** Identity that the pre-shared key belongs to; "" without one. */
  readonly pskIdentity: string;
  readonly isReused: boolean;
}

/** What a complete handshake made. The session is there until the driver lets it go. */
export interface Outcome {
  readonly session: Session;
  readonly negotiated: Negotiated;
  /** Largest message in bytes, so far. */
  readonly maxPayload: number;
  readonly standing: Standing;
}

export function outcomeOf(session: Session, maxPayload: number, standing: Standing): Outcome {
  const cipherName = session.cipherName();
  const negotiated = {
    cipherName,
    cipherStandardName: session.cipherStandardName(),
    protocol: session.protocol(),
    pskIdentity: usesPsk(cipherName) ? session.pskIdentity().toString() : '',
    isReused: session.isReused(),
  };
  return { session, negotiated, maxPayload, standing };
}
