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

/** There are few, and V8 would make a string of its own for each association. */
const cipherNames = new Map<string, Pick<Negotiated, 'cipherName' | 'cipherStandardName'>>();

/** `cipherName` is the session's. */
export function outcomeOf(session: Session, cipherName: string, maxPayload: number, standing: Standing): Outcome {
  let names = cipherNames.get(cipherName);
  if (names === undefined) {
    names = { cipherName, cipherStandardName: session.cipherStandardName() };
    cipherNames.set(cipherName, names);
  }
  const negotiated = {
    cipherName: names.cipherName,
    cipherStandardName: names.cipherStandardName,
    protocol: session.protocol(),
    pskIdentity: usesPsk(cipherName) ? session.pskIdentity() : '',
    isReused: session.isReused(),
  };
  return { session, negotiated, maxPayload, standing };
}
