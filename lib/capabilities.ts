import type { Versions } from '../binding';
import { binding } from './native';
import { createSecureContext } from './secure-context';

export type { Versions };

/** Version of this package's addon, and of the OpenSSL that it was built for and that runs. */
export function versions(): Versions {
  return { ...binding.versions() };
}

export interface Capabilities {
  /** Protocol versions that can be negotiated. */
  readonly protocols: readonly string[];
  /** PSK suites that work by default, in order of preference; names are OpenSSL's. */
  readonly pskCiphers: readonly string[];
  /** Whether this OpenSSL has raw public keys (RFC 7250, OpenSSL 3.2 and later). */
  readonly rawPublicKeys: boolean;
}

/** What the OpenSSL of this process can do. */
export function capabilities(): Capabilities {
  return {
    protocols: ['DTLSv1.2'],
    pskCiphers: createSecureContext().ciphers,
    rawPublicKeys: hasRawPublicKeys(binding.versions().opensslRuntime),
  };
}

/** Since OpenSSL 3.2. */
function hasRawPublicKeys(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 3 || (major === 3 && minor >= 2);
}
