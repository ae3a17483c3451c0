import type { DtlsErrorCode } from '../errors';
import type { MaybePromise } from '../maybe-promise';

/** Alert descriptions (RFC 5246 section 7.2) of what is refused here rather than by OpenSSL. */
export const Alert = {
  BadRecordMac: 20,
  BadCertificate: 42,
  CertificateRevoked: 44,
  CertificateExpired: 45,
  UnknownCa: 48,
  AccessDenied: 49,
  DecodeError: 50,
  InternalError: 80,
  UnrecognizedName: 112,
  UnknownPskIdentity: 115,
} as const;

/** Why a handshake goes no further, and what the peer is told. */
export interface Refusal {
  readonly code: DtlsErrorCode;
  readonly message: string;
  readonly alert: number;
  readonly cause?: unknown;
}

/** What a checkpoint of a handshake says (docs/credentials.md); undefined: go on. A promise never rejects. */
export type Answer = MaybePromise<Refusal | undefined>;

/** The words of what a function of the user's threw, whatever that is. */
export function said(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    return 'something that has no words';
  }
}
