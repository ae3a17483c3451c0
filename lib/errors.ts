import { isNativeError, isProxy } from 'node:util/types';
import type { RemoteAddress } from './address';
import type { HandshakeInfo } from './handshake/info';

/** Every code that a `DtlsError` can carry. docs/errors.md lists each with its causes and cures. */
export type DtlsErrorCode =
  | 'ERR_DTLS_LOAD'
  | 'ERR_DTLS_OPTION'
  | 'ERR_DTLS_STATE'
  | 'ERR_DTLS_MESSAGE_SIZE'
  | 'ERR_DTLS_LOOKUP'
  | 'ERR_DTLS_SOCKET'
  | 'ERR_DTLS_REFUSED'
  | 'ERR_DTLS_HANDSHAKE'
  | 'ERR_DTLS_HANDSHAKE_TIMEOUT'
  | 'ERR_DTLS_NO_SHARED_CIPHER'
  | 'ERR_DTLS_PSK_UNKNOWN'
  | 'ERR_DTLS_PSK_MISMATCH'
  | 'ERR_DTLS_PSK_CALLBACK'
  | 'ERR_DTLS_PSK_IDENTITY'
  | 'ERR_DTLS_PSK_KEY'
  | 'ERR_DTLS_CIPHERS'
  | 'ERR_DTLS_VERSION'
  | 'ERR_DTLS_PEM'
  | 'ERR_DTLS_PASSPHRASE'
  | 'ERR_DTLS_KEY_MISMATCH'
  | 'ERR_DTLS_CERT_EXPIRED'
  | 'ERR_DTLS_CERT_NOT_YET_VALID'
  | 'ERR_DTLS_CERT_HOST'
  | 'ERR_DTLS_CERT_UNTRUSTED'
  | 'ERR_DTLS_CERT_REVOKED'
  | 'ERR_DTLS_CERT_MISSING'
  | 'ERR_DTLS_CERT_FINGERPRINT'
  | 'ERR_DTLS_CERT_REFUSED'
  | 'ERR_DTLS_RAW_PUBLIC_KEY'
  | 'ERR_DTLS_SESSION_INVALID'
  | 'ERR_DTLS_SESSION_EXPIRED'
  | 'ERR_DTLS_SESSION_FOREIGN'
  | 'ERR_DTLS_ALPN'
  | 'ERR_DTLS_CALLBACK'
  | 'ERR_DTLS_ALERT'
  | 'ERR_DTLS_FORGED'
  | 'ERR_DTLS_PEER_DEAD'
  | 'ERR_DTLS_CLOSED'
  | 'ERR_DTLS_INTERNAL'
  | 'ABORT_ERR';

export interface DtlsErrorDetails {
  /** Whom the association talked to. */
  peer?: RemoteAddress;
  /** Name of the alert (RFC 5246 section 7.2.2) that ended the association, sent or received. */
  alert?: string;
  /** OpenSSL's own words. */
  reason?: string;
  /** What happened during the handshake, when one failed. */
  handshake?: HandshakeInfo;
  /** The offending option, and its value unless it is secret. */
  option?: string;
  value?: unknown;
  /** For a message that is too large: how many bytes would do. */
  maxPayload?: number;
  cause?: unknown;
}

const BRAND = Symbol.for('dtls-association.DtlsError');

/**
 * The one error class of this package. `code` is stable and meant for programs, `message` for people.
 */
export class DtlsError extends Error {
  readonly code: DtlsErrorCode;
  declare readonly peer?: RemoteAddress;
  declare readonly alert?: string;
  declare readonly reason?: string;
  declare readonly handshake?: HandshakeInfo;
  declare readonly option?: string;
  declare readonly value?: unknown;
  declare readonly maxPayload?: number;

  constructor(code: DtlsErrorCode, message: string, details: DtlsErrorDetails = {}) {
    const { cause, ...rest } = details;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    // Absent details stay absent, so that a printed error shows what there is.
    Object.assign(this, Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)));
    Object.defineProperty(this, BRAND, { value: true });
  }

  override get name(): string {
    // What AbortSignal users look for.
    return this.code === 'ABORT_ERR' ? 'AbortError' : 'DtlsError';
  }

  /** True for a DtlsError of any copy of this package in the process. */
  static is(value: unknown): value is DtlsError {
    return isNativeError(value) && BRAND in value;
  }
}

/** What an error keeps of a value: objects may hold secrets, and loggers cannot write a bigint as JSON. */
export function shownValue(value: unknown): unknown {
  const isPlain = value === null || ['string', 'number', 'boolean'].includes(typeof value);
  const isList = isArray(value) && value.every((one) => typeof one === 'string');
  return isPlain || isList ? value : undefined;
}

/** Whether a value is an array, but not for a proxy: one that was revoked throws when it is asked. */
export function isArray(value: unknown): value is unknown[] {
  return !isProxy(value) && Array.isArray(value);
}

/** An option that cannot be used: names it, shows its value and says what would do. */
export function optionError(
  option: string,
  value: unknown,
  remedy: string,
  cause?: unknown,
  code: DtlsErrorCode = 'ERR_DTLS_OPTION',
): DtlsError {
  return new DtlsError(code, `${option}: ${remedy}`, { option, value: shownValue(value), cause });
}

/** Whether a value is an Error, of whatever realm. */
export function isError(value: unknown): value is Error {
  try {
    return isNativeError(value) || value instanceof Error;
  } catch {
    return false;
  }
}

/** The words of what a function of the user's threw, whatever that is. */
export function said(thrown: unknown): string {
  try {
    return isError(thrown) ? thrown.message : String(thrown);
  } catch {
    return 'something that has no words';
  }
}

/** What a function of the user's threw, as an Error. */
export function errorOf(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(said(thrown));
}

/** A message for an association that has no keys yet, or no more. */
export function notOpenError(state: string): DtlsError {
  const remedy = state === 'closing' || state === 'closed' ? 'make a new one' : 'await opened first';
  return new DtlsError('ERR_DTLS_STATE', `send: the association is ${state}, not open; ${remedy}.`);
}

/** A message that does not fit one datagram. */
export function messageSizeError(size: number, maxPayload: number): DtlsError {
  const message = `send: a message has 1 to ${maxPayload} bytes here, this one has ${size}; see the mtu option.`;
  return new DtlsError('ERR_DTLS_MESSAGE_SIZE', message, { value: size, maxPayload });
}

/** An association that was closed, here or by the server's own wish, while its handshake ran. */
export function closedEarlyError(): DtlsError {
  return new DtlsError('ERR_DTLS_CLOSED', 'The association was closed before it opened.');
}
