import type { Session } from '../../binding';
import type { Negotiated } from './negotiated';
import type { Standing } from './peer-judge';

/** What a complete handshake made. The session is there until the driver lets it go. */
export interface Outcome {
  readonly session: Session;
  readonly negotiated: Negotiated;
  readonly standing: Standing;
}
