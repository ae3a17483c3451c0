import { type KeyObject, X509Certificate } from 'node:crypto';
import type { ContextOptions, OwnIdentity } from '../../binding';
import { string } from '../options/check';
import type { SecureContextOptions } from '../secure-context';

/** OpenSSL's default for DTLS 1.2, without what its security level 2 leaves out. */
const DEFAULTS = [
  ...['ecdsa_secp256r1_sha256', 'ecdsa_secp384r1_sha384', 'ecdsa_secp521r1_sha512', 'ed25519', 'ed448'],
  ...['rsa_pss_pss_sha256', 'rsa_pss_pss_sha384', 'rsa_pss_pss_sha512'],
  ...['rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384', 'rsa_pss_rsae_sha512'],
  ...['rsa_pkcs1_sha256', 'rsa_pkcs1_sha384', 'rsa_pkcs1_sha512'],
].join(':');

type SignatureAlgorithms = Pick<
  ContextOptions,
  'signatureAlgorithms' | 'eddsaSignatureAlgorithms' | 'peerSignatureAlgorithms'
>;

/** OpenSSL needs help with EdDSA certificates and raw public keys on a server: see native/tls/eddsa_server.h. */
export function signatureAlgorithms(
  options: SecureContextOptions,
  identities: readonly OwnIdentity[],
  rawKey: KeyObject | undefined,
): SignatureAlgorithms {
  const given = string('sigalgs', options.sigalgs);
  const types = [
    ...identities.map(({ certificates }) => keyType(certificates[0] as Uint8Array)),
    rawKey?.asymmetricKeyType,
  ];
  const needsHelp = !types.includes('ec') && types.some((type) => type === 'ed25519' || type === 'ed448');
  const all = given ?? DEFAULTS;
  return {
    signatureAlgorithms: given ?? '',
    eddsaSignatureAlgorithms: needsHelp ? withoutEcdsa(all) : '',
    peerSignatureAlgorithms: needsHelp ? all : '',
  };
}

function keyType(certificate: Uint8Array): string | undefined {
  return new X509Certificate(certificate).publicKey.asymmetricKeyType;
}

/** Both of OpenSSL's spellings, "ecdsa_secp256r1_sha256" and "ECDSA+SHA256". */
function withoutEcdsa(list: string): string {
  return list
    .split(':')
    .filter((name) => !/ecdsa/i.test(name))
    .join(':');
}
