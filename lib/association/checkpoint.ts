import type { DtlsErrorCode } from '../errors';
import type { MaybePromise } from '../maybe-promise';

/** Why a handshake goes no further, and what the peer is told. */
export interface Refusal {
  readonly code: DtlsErrorCode;
  readonly message: string;
  readonly alert: number;
  readonly cause?: unknown;
}

/** What a checkpoint of a handshake says (docs/credentials.md); undefined: go on. A promise never rejects. */
export type Answer = MaybePromise<Refusal | undefined>;
