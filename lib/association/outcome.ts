import type { Session } from '../../binding';
import { usesPsk } from '../credentials/ciphers';
import type { Standing } from './peer-judge';

/** What the handshake settled; outlives the session. */
export interface Negotiated {
  readonly cipherName: string;
  readonly cipherStandardName: string;
  readonly protocol: string;
  /** Largest message in bytes. */
  readonly maxPayload: number;
  /** Identity that the pre-shared key belongs to; "" without one. */
  readonly pskIdentity: string;
  readonly isReused: boolean;
}

/** What a complete handshake made. The session is there until the driver lets it go. */
export interface Outcome {
  readonly session: Session;
  readonly negotiated: Negotiated;
  readonly standing: Standing;
}

export function outcomeOf(session: Session, standing: Standing): Outcome {
  const cipherName = session.cipherName();
  const negotiated = {
    cipherName,
    cipherStandardName: session.cipherStandardName(),
    protocol: session.protocol(),
    maxPayload: session.maxPayload(),
    pskIdentity: usesPsk(cipherName) ? session.pskIdentity().toString() : '',
    isReused: session.isReused(),
  };
  return { session, negotiated, standing };
}
