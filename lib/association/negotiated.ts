import type { Session } from '../../binding';

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

export function negotiatedOf(session: Session): Negotiated {
  const cipherName = session.cipherName();
  return {
    cipherName,
    cipherStandardName: session.cipherStandardName(),
    protocol: session.protocol(),
    maxPayload: session.maxPayload(),
    pskIdentity: cipherName.includes('PSK') ? session.pskIdentity().toString() : '',
    isReused: session.isReused(),
  };
}
