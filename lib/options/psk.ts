import { isMap, isUint8Array } from 'node:util/types';
import { optionError } from '../errors';
import { isRecord, show } from './check';

/** RFC 4279 section 5.3. */
export const MAX_IDENTITY_BYTES = 128;
/** Well within what OpenSSL's callbacks take (512 in 3.0), and more than any suite can make use of. */
export const MAX_KEY_BYTES = 256;

/** The remedy for a server that is given what is a client's. */
export const TABLE_EXPECTED =
  'a server has a table of keys, { [identity]: key } or a Map; { identity, key } is for clients.';

/** What a client proves itself with. */
export interface PskCredentials {
  /** 1 to 128 bytes, no NUL; a string is sent as UTF-8 (RFC 4279 section 5.1). */
  identity: string | Uint8Array;
  /** 1 to 256 bytes. */
  key: Uint8Array;
}

/** A server's keys by identity; the names are UTF-8. */
export type PskTable = Readonly<Record<string, Uint8Array>> | ReadonlyMap<string, Uint8Array>;

/** The identity as bytes. `name` is the option to blame. */
export function identityBytes(name: string, identity: unknown): Uint8Array {
  if (typeof identity !== 'string' && !isUint8Array(identity)) {
    throw optionError(name, identity, `a string or Uint8Array is expected, not ${show(identity)}.`);
  }
  const bytes = typeof identity === 'string' ? Buffer.from(identity) : identity;
  if (bytes.length === 0 || bytes.length > MAX_IDENTITY_BYTES) {
    const remedy = `an identity has 1 to ${MAX_IDENTITY_BYTES} bytes (RFC 4279), this one has ${bytes.length}.`;
    throw optionError(name, identity, remedy, undefined, 'ERR_DTLS_PSK_IDENTITY');
  }
  // OpenSSL hands identities on as C strings: what follows a NUL would be cut off unseen.
  if (bytes.includes(0)) {
    const remedy = 'an identity must not contain a NUL byte.';
    throw optionError(name, identity, remedy, undefined, 'ERR_DTLS_PSK_IDENTITY');
  }
  return bytes;
}

/** The key itself, checked. Errors show its length, never its bytes. */
export function keyBytes(name: string, key: unknown): Uint8Array {
  if (!isUint8Array(key)) {
    const hint = typeof key === 'string' ? " For a hexadecimal string use Buffer.from(text, 'hex')." : '';
    throw optionError(
      name,
      undefined,
      `a Uint8Array of 1 to ${MAX_KEY_BYTES} bytes is expected, not a ${typeof key}.${hint}`,
    );
  }
  if (key.length === 0 || key.length > MAX_KEY_BYTES) {
    const remedy = `a key has 1 to ${MAX_KEY_BYTES} bytes, this one has ${key.length}.`;
    throw optionError(name, undefined, remedy, undefined, 'ERR_DTLS_PSK_KEY');
  }
  return key;
}

/** Checked credentials of a client; the key may be called `psk`, as `node:tls` does. */
export function clientCredentials(name: string, psk: unknown): { identity: Uint8Array; key: Uint8Array } {
  if (typeof psk !== 'object' || psk === null || !('identity' in psk || 'key' in psk || 'psk' in psk)) {
    throw optionError(name, undefined, 'a client proves itself with { identity, key }.');
  }
  const { identity, key, psk: tlsKey } = psk as Partial<PskCredentials & { psk: Uint8Array }>;
  return { identity: identityBytes(`${name}.identity`, identity), key: keyBytes(`${name}.key`, key ?? tlsKey) };
}

/** Checked table of a server, as pairs of bytes. */
export function tableEntries(name: string, table: unknown): Array<[Uint8Array, Uint8Array]> {
  if (!isMap(table) && !isRecord(table)) {
    throw optionError(name, undefined, `a Map or an object from identity to key is expected, not ${typeof table}.`);
  }
  if (isCredentials(table) && typeof table.identity === 'string') {
    throw optionError(name, undefined, TABLE_EXPECTED);
  }
  const entries: Array<[string, unknown]> = isMap(table) ? [...(table as Map<string, unknown>)] : Object.entries(table);
  return entries.map(([identity, key]) => [
    identityBytes(`${name} identity`, identity),
    keyBytes(`${name}[${show(identity)}]`, key),
  ]);
}

/** Whether `psk` has the shape of a client's credentials rather than that of a server's table. */
export function isCredentials(psk: unknown): psk is PskCredentials {
  if (typeof psk !== 'object' || psk === null || isMap(psk)) return false;
  return 'identity' in psk && ('key' in psk || 'psk' in psk);
}
