import { optionError } from '../errors';
import { show } from '../options/check';

/** So many forgeries of records a suite bears before one might pass; the last is 2^-44 (RFC 9147 section 4.5.3). */
export function maxForgeries(suite: string): number {
  if (suite.includes('CCM8')) return 2 ** 20;
  return suite.includes('CCM') ? 2 ** 23 : 2 ** 36;
}

/** What a context can authenticate with; both when nothing says. */
export interface CipherKinds {
  readonly psk: boolean;
  readonly certificates: boolean;
}

/**
 * Authenticated encryption first, and of that the only suite with cheap forward secrecy: ECDHE-PSK with AES-GCM does not
 * exist in OpenSSL. DHE costs both sides milliseconds (ffdhe3072), CBC has a history (RFC 7366).
 */
const PSK_CIPHERS = [
  'ECDHE-PSK-CHACHA20-POLY1305',
  'PSK-AES256-GCM-SHA384',
  'PSK-AES128-GCM-SHA256',
  'PSK-CHACHA20-POLY1305',
  'PSK-AES128-CCM',
  'PSK-AES128-CCM8',
  'ECDHE-PSK-AES256-CBC-SHA384',
  'ECDHE-PSK-AES128-CBC-SHA256',
  'DHE-PSK-AES256-GCM-SHA384',
  'DHE-PSK-AES128-GCM-SHA256',
  'PSK-AES128-CBC-SHA256',
];

/** Forward secrecy and authenticated encryption only. */
const CERTIFICATE_CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-CCM',
  'DHE-RSA-AES128-GCM-SHA256',
  'DHE-RSA-AES256-GCM-SHA384',
];

/** DTLS 1.0 has no authenticated encryption. */
const DTLS_1_0_PSK_CIPHERS = ['ECDHE-PSK-AES128-CBC-SHA', 'PSK-AES128-CBC-SHA'];
const DTLS_1_0_CERTIFICATE_CIPHERS = ['ECDHE-ECDSA-AES128-SHA', 'ECDHE-RSA-AES128-SHA', 'DHE-RSA-AES128-SHA'];

/**
 * RFC 7252 section 9.1.3: what each CoAP endpoint must have. OpenSSL 3.2 and later have them at security level 0 only.
 */
const COAP_PRESET = 'coap';
const COAP_PSK_CIPHERS = ['PSK-AES128-CCM8'];
const COAP_CERTIFICATE_CIPHERS = ['ECDHE-ECDSA-AES128-CCM8'];
const LEVEL_0 = '@SECLEVEL=0';

/** The OpenSSL cipher list for the option `ciphers`: a list, "coap", or absent. */
export function cipherList(ciphers: string | undefined, kinds: CipherKinds, withDtls10: boolean): string {
  if (ciphers === COAP_PRESET) return listOf(kinds, COAP_PSK_CIPHERS, COAP_CERTIFICATE_CIPHERS, [LEVEL_0]);
  if (ciphers !== undefined) return ciphers;
  if (!withDtls10) return listOf(kinds, PSK_CIPHERS, CERTIFICATE_CIPHERS, []);
  return listOf(
    kinds,
    [...PSK_CIPHERS, ...DTLS_1_0_PSK_CIPHERS],
    [...CERTIFICATE_CIPHERS, ...DTLS_1_0_CERTIFICATE_CIPHERS],
    [LEVEL_0],
  );
}

function listOf(kinds: CipherKinds, psk: readonly string[], certificates: readonly string[], more: string[]): string {
  // Certificates first: with both at hand, they are what tells one peer from another.
  return [...(kinds.certificates ? certificates : []), ...(kinds.psk ? psk : []), ...more].join(':');
}

/** Whether the suite needs a pre-shared key; the names are OpenSSL's. */
export function usesPsk(cipher: string): boolean {
  return cipher.includes('PSK');
}

/** Whether the server of the suite shows a certificate. */
export function usesCertificate(cipher: string): boolean {
  return !usesPsk(cipher) || cipher.startsWith('RSA-PSK');
}

/** Throws `ERR_DTLS_CIPHERS` when a list, as OpenSSL understood it, leaves nothing to work with. */
export function checkCiphers(list: string | undefined, usable: readonly string[], required: CipherKinds): void {
  const problem = problemOf(usable, required);
  if (problem === undefined) return;
  throw optionError('ciphers', list, `${problem} (${show(list)}).`, undefined, 'ERR_DTLS_CIPHERS');
}

function problemOf(usable: readonly string[], required: CipherKinds): string | undefined {
  if (usable.length === 0) {
    return (
      'none of these suites is allowed at the security level in force, or in the protocol versions asked for; OpenSSL ' +
      '3.2 and later need "@SECLEVEL=0" at the end of the list for CCM8 suites, which ciphers: "coap" does'
    );
  }
  const anonymous = usable.find((name) => /^(ADH|AECDH)-/.test(name));
  if (anonymous !== undefined) return `${anonymous} authenticates nobody, so anybody could be in the middle`;
  if (required.psk && !usable.some(usesPsk)) return 'no suite of this list works with a pre-shared key';
  if (required.certificates && !usable.some(usesCertificate)) return 'no suite of this list works with a certificate';
  return undefined;
}
