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

/** IANA's names by OpenSSL's: there are few, and a question costs as much as the making of a string. */
const standardNames = new Map<string, string>();

/** `cipherName` is the session's. */
export function outcomeOf(session: Session, cipherName: string, maxPayload: number, standing: Standing): Outcome {
  const cipherStandardName = standardNames.get(cipherName) ?? session.cipherStandardName();
  standardNames.set(cipherName, cipherStandardName);
  const negotiated = {
    cipherName,
    cipherStandardName,
    protocol: session.protocol(),
    pskIdentity: usesPsk(cipherName) ? session.pskIdentity() : '',
    isReused: session.isReused(),
  };
  return { session, negotiated, maxPayload, standing };
}
