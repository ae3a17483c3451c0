import type { Versions } from '../binding';
import { usesPsk } from './credentials/ciphers';
import { binding } from './native';
import { SRTP_SIZES, type SrtpProfile } from './options/srtp';
import { createSecureContext } from './secure-context';

export type { Versions };

/** Version of this package's addon, and of the OpenSSL that it was built for and that runs. */
export function versions(): Versions {
  return { ...binding.versions() };
}

export interface Capabilities {
  /** Protocol versions that can be negotiated; "DTLSv1" only when `minVersion` asks for it. */
  readonly protocols: readonly string[];
  /** PSK suites that work by default, in order of preference; names are OpenSSL's. */
  readonly pskCiphers: readonly string[];
  /** The same for suites with certificates. */
  readonly certificateCiphers: readonly string[];
  readonly srtpProfiles: readonly SrtpProfile[];
  /** Whether this OpenSSL has raw public keys (RFC 7250, OpenSSL 3.2 and later). */
  readonly rawPublicKeys: boolean;
}

/** What the OpenSSL of this process can do. */
export function capabilities(): Capabilities {
  const { ciphers } = createSecureContext();
  return {
    protocols: ['DTLSv1.2', 'DTLSv1'],
    pskCiphers: ciphers.filter(usesPsk),
    certificateCiphers: ciphers.filter((name) => !usesPsk(name)),
    srtpProfiles: Object.keys(SRTP_SIZES) as SrtpProfile[],
    rawPublicKeys: binding.hasRawPublicKeys(),
  };
}
