import { createPublicKey, type KeyObject } from 'node:crypto';
import { optionError } from '../errors';
import { binding } from '../native';
import type { SecureContextOptions } from '../secure-context';
import { parsePrivateKey } from './private-key';

/** The private key whose public half stands for a certificate (RFC 7250). Throws where OpenSSL has none. */
export function parseRawKey(options: SecureContextOptions): KeyObject | undefined {
  const given = options.rawPublicKey !== undefined ? 'rawPublicKey' : 'trustedPublicKeys';
  if (options[given] !== undefined && !binding.hasRawPublicKeys()) {
    const { opensslRuntime } = binding.versions();
    const remedy = `raw public keys need OpenSSL 3.2 or later (Node.js 22.20, 24 or 26); this one runs ${opensslRuntime}.`;
    throw optionError(given, undefined, remedy, undefined, 'ERR_DTLS_RAW_PUBLIC_KEY');
  }
  if (options.rawPublicKey === undefined) return undefined;
  return parsePrivateKey('rawPublicKey', options.rawPublicKey, options.passphrase);
}

/** Its public half, SubjectPublicKeyInfo DER. */
export function publicHalf(key: KeyObject | undefined): Buffer | undefined {
  return key && createPublicKey(key).export({ type: 'spki', format: 'der' });
}
