import { SRTP_SIZES, type SrtpProfile } from '../options/srtp';

/** What protects the media of each direction. */
export interface SrtpKeys {
  readonly profile: SrtpProfile;
  readonly localKey: Buffer;
  readonly localSalt: Buffer;
  readonly remoteKey: Buffer;
  readonly remoteSalt: Buffer;
}

/** Cuts keying material as RFC 5764 section 4.2 orders it: client key, server key, client salt, server salt. */
export function splitSrtpKeys(
  profile: SrtpProfile,
  isClient: boolean,
  exportKeyingMaterial: (length: number) => Buffer,
): SrtpKeys {
  const { key, salt } = SRTP_SIZES[profile];
  const material = exportKeyingMaterial(2 * (key + salt));
  const [clientKey, serverKey] = [material.subarray(0, key), material.subarray(key, 2 * key)];
  const [clientSalt, serverSalt] = [material.subarray(2 * key, 2 * key + salt), material.subarray(2 * key + salt)];
  return Object.freeze({
    profile,
    localKey: isClient ? clientKey : serverKey,
    localSalt: isClient ? clientSalt : serverSalt,
    remoteKey: isClient ? serverKey : clientKey,
    remoteSalt: isClient ? serverSalt : clientSalt,
  });
}
