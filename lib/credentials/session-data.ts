import { createHash } from 'node:crypto';
import { isUint8Array } from 'node:util/types';
import { type DtlsError, type DtlsErrorCode, optionError } from '../errors';
import { derSequence } from './der';
import { kindOf } from './pem';

/** Magic, version, expiry, SHA-256 of the binding; then OpenSSL's SSL_SESSION in DER. */
const MAGIC = Buffer.from('DTLSSESS');
const VERSION = 1;
const EXPIRY_AT = MAGIC.length + 1;
const BINDING_AT = EXPIRY_AT + 8;
const DER_AT = BINDING_AT + 32;

/**
 * A session in the form that users store: it has the keys of the session, so it is as secret as they are.
 *
 * @param binding what the session must not be used apart from: server name, own identity, how the peer was verified
 */
export function encodeSession(der: Uint8Array, expiresAtMs: number, binding: string): Buffer {
  const expiry = Buffer.alloc(8);
  expiry.writeBigUInt64BE(BigInt(Math.floor(expiresAtMs)));
  return Buffer.concat([MAGIC, Buffer.of(VERSION), expiry, digest(binding), der]);
}

/**
 * A copy of OpenSSL's session: it is offered later, and perhaps more than once.
 *
 * @throws {DtlsError} ERR_DTLS_SESSION_INVALID, ERR_DTLS_SESSION_FOREIGN or ERR_DTLS_SESSION_EXPIRED
 */
export function decodeSession(option: string, value: unknown, binding: string, nowMs = Date.now()): Uint8Array {
  if (!isUint8Array(value)) {
    throw sessionError('INVALID', option, `what getSession() gave, a Uint8Array, is expected, not ${kindOf(value)}.`);
  }
  // What was detached has no bytes to look at.
  const blob = value.length === 0 ? Buffer.alloc(0) : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (!blob.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw sessionError('INVALID', option, 'this is not what getSession() gave; node:tls sessions do not fit either.');
  }
  const version = blob[MAGIC.length];
  if (version !== undefined && version !== VERSION) {
    throw sessionError('INVALID', option, `another version of this package made it (${version}, not ${VERSION}).`);
  }
  const der = blob.subarray(DER_AT);
  if (!derSequence(der)) throw damagedSession(option);
  if (!blob.subarray(BINDING_AT, DER_AT).equals(digest(binding))) {
    const remedy = 'it was made with another server name, identity or way to verify the peer; connect without it.';
    throw sessionError('FOREIGN', option, remedy);
  }
  const expiresAtMs = Number(blob.readBigUInt64BE(EXPIRY_AT));
  if (expiresAtMs <= nowMs) {
    const seconds = Math.ceil((nowMs - expiresAtMs) / 1000);
    throw sessionError('EXPIRED', option, `it expired ${seconds} s ago; connect without it, and store the next one.`);
  }
  return Buffer.from(der);
}

function digest(binding: string): Buffer {
  return createHash('sha256').update(binding).digest();
}

export function damagedSession(option: string, cause?: unknown): DtlsError {
  return sessionError('INVALID', option, 'it is damaged, or was cut off; store all bytes of it.', cause);
}

/** Without the value, which is secret. */
function sessionError(kind: 'INVALID' | 'FOREIGN' | 'EXPIRED', option: string, remedy: string, cause?: unknown) {
  const code: DtlsErrorCode = `ERR_DTLS_SESSION_${kind}`;
  return optionError(option, undefined, remedy, cause, code);
}
