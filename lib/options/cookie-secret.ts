import { isUint8Array } from 'node:util/types';
import { optionError } from '../errors';

/** One secret or several, of 32 bytes or more: the first makes cookies, all verify them. */
export type CookieSecret = Uint8Array | readonly Uint8Array[];

const MAX_COOKIE_SECRETS = 4;

/** Throws `ERR_DTLS_OPTION`. */
export function parseCookieSecret(secret: unknown): readonly Uint8Array[] {
  const list: readonly unknown[] = Array.isArray(secret) ? secret : [secret];
  if (list.length === 0 || list.length > MAX_COOKIE_SECRETS) {
    const remedy = `1 to ${MAX_COOKIE_SECRETS} secrets are expected, not ${list.length}.`;
    throw optionError('cookieSecret', undefined, remedy);
  }
  // Not by map(), which passes over holes.
  return Array.from(list, (one) => {
    if (isUint8Array(one) && one.length >= 32) return one;
    const given = isUint8Array(one) ? `${one.length} bytes` : `a ${typeof one}`;
    throw optionError('cookieSecret', undefined, `a Uint8Array of 32 bytes or more is expected, not ${given}.`);
  });
}
