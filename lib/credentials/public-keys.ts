import { createPublicKey, KeyObject } from 'node:crypto';
import { isUint8Array } from 'node:util/types';
import { type DtlsError, optionError } from '../errors';

/** A public key: PEM, SubjectPublicKeyInfo DER, or a `KeyObject`. */
export type PublicKey = string | Uint8Array | KeyObject;

/** SubjectPublicKeyInfo DER of each. Throws `ERR_DTLS_PEM`. */
export function parsePublicKeys(option: string, value: PublicKey | readonly PublicKey[] | undefined): Buffer[] {
  if (value === undefined) return [];
  const list = Array.isArray(value) ? value : [value as PublicKey];
  if (list.length === 0) throw optionError(option, undefined, 'at least one public key is expected.');
  // Not by map(), which passes over holes.
  return Array.from(list, (key, index) => publicKeyDer(Array.isArray(value) ? `${option}[${index}]` : option, key));
}

function publicKeyDer(name: string, value: unknown): Buffer {
  try {
    return keyObject(value).export({ type: 'spki', format: 'der' });
  } catch (cause) {
    throw unreadable(name, cause);
  }
}

function keyObject(value: unknown): KeyObject {
  if (value instanceof KeyObject) return value.type === 'private' ? createPublicKey(value) : value;
  if (typeof value === 'string') return createPublicKey(value);
  if (!isUint8Array(value)) throw new TypeError(`not a ${typeof value}`);
  if (value.length === 0) throw new TypeError('it is empty');
  const bytes = Buffer.from(value);
  if (bytes.subarray(0, 11).toString('latin1') === '-----BEGIN ') return createPublicKey(bytes);
  return createPublicKey({ key: bytes, format: 'der', type: 'spki' });
}

function unreadable(name: string, cause: unknown): DtlsError {
  const remedy = `a public key is expected: PEM, SubjectPublicKeyInfo DER or a KeyObject (${(cause as Error).message}).`;
  return optionError(name, undefined, remedy, cause, 'ERR_DTLS_PEM');
}
