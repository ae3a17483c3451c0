import { optionError } from '../errors';
import { show } from './check';

/** Sizes in bytes of an SRTP profile's keys and salts (RFC 5764 section 4.1.2, RFC 7714 section 14.2). */
interface SrtpSizes {
  readonly key: number;
  readonly salt: number;
}

export type SrtpProfile =
  | 'SRTP_AES128_CM_SHA1_80'
  | 'SRTP_AES128_CM_SHA1_32'
  | 'SRTP_AEAD_AES_128_GCM'
  | 'SRTP_AEAD_AES_256_GCM';

/** OpenSSL's names. */
export const SRTP_SIZES: Readonly<Record<SrtpProfile, SrtpSizes>> = {
  SRTP_AES128_CM_SHA1_80: { key: 16, salt: 14 },
  SRTP_AES128_CM_SHA1_32: { key: 16, salt: 14 },
  SRTP_AEAD_AES_128_GCM: { key: 16, salt: 12 },
  SRTP_AEAD_AES_256_GCM: { key: 32, salt: 12 },
};

/** OpenSSL's list for the profiles; "" when absent. Throws `ERR_DTLS_OPTION`. */
export function parseSrtpProfiles(profiles: unknown): string {
  if (profiles === undefined) return '';
  const known = Object.keys(SRTP_SIZES);
  // A copy has no holes, which every() passes over.
  const list: unknown[] = Array.isArray(profiles) ? [...profiles] : [profiles];
  if (list.length > 0 && list.every((name) => known.includes(name as string))) return list.join(':');
  const wrong = list.find((name) => !known.includes(name as string));
  throw optionError('srtpProfiles', profiles, `profiles are ${known.join(', ')}; not ${show(wrong)}.`);
}
