import type { KeyObject, X509Certificate } from 'node:crypto';
import { isUint8Array } from 'node:util/types';
import { type DtlsError, optionError } from '../errors';
import { certificatesIn, kindOf, listed, type PemOrDer, pemError } from './pem';
import { parsePassphrase, parsePrivateKey, passphraseMissing, passphraseWrong } from './private-key';

/** A key, with the passphrase that is its own. */
export interface EncryptedKey {
  pem: PemOrDer;
  /** Default: that of the options. */
  passphrase?: string;
}

/** A PFX, with the passphrase that is its own. */
export interface EncryptedPfx {
  buf: PemOrDer;
  /** Default: that of the options. */
  passphrase?: string;
}

/** What an association proves itself with, as `tls.createSecureContext` takes it. */
export interface IdentityOptions {
  /**
   * Own certificate and those that lead to the root, own first: PEM, or one certificate in DER. An array has one such
   * chain for each kind of key, such as RSA and EC; the peer's abilities decide which is shown.
   */
  cert?: PemOrDer | readonly PemOrDer[];
  /** The private keys of `cert`, in any order: PEM, PKCS#8 in DER, or KeyObject. RSA, RSA-PSS, EC, Ed25519 or Ed448. */
  key?: PemOrDer | KeyObject | ReadonlyArray<PemOrDer | KeyObject | EncryptedKey>;
  /** For encrypted keys and PFX that bring none of their own. */
  passphrase?: string;
  /** Certificate, chain and key in one, PKCS#12: bytes, or base64. Beside, or in place of, `cert` and `key`. */
  pfx?: PemOrDer | ReadonlyArray<PemOrDer | EncryptedPfx>;
}

/** One certificate with its chain, DER, own first; and its key, PKCS#8 in DER. */
export interface Identity {
  certificates: Uint8Array[];
  key: Uint8Array;
}

/** Opens PKCS#12: own certificate first, key as PKCS#8 in DER. `passphrase`: it is not the right one. */
export type ReadPfx = (
  pfx: Uint8Array,
  passphrase: string,
) => { certificates: Buffer[]; key: Buffer } | 'passphrase' | 'unreadable';

/**
 * What the options give to prove oneself with; empty when they give nothing. Whoever gets the keys wipes them.
 *
 * @throws {DtlsError} ERR_DTLS_PEM, ERR_DTLS_PASSPHRASE, ERR_DTLS_KEY_MISMATCH, ERR_DTLS_CERT_EXPIRED,
 *   ERR_DTLS_CERT_NOT_YET_VALID; ERR_DTLS_OPTION for a certificate without its key or the reverse.
 */
export function parseIdentities(options: IdentityOptions, readPfx: ReadPfx, nowMs = Date.now()): Identity[] {
  const passphrase = parsePassphrase('passphrase', options.passphrase);
  const chains = listed('cert', options.cert).map(({ name, value }) => ({ name, chain: certificatesIn(name, value) }));
  const keys = keysIn(options.key, passphrase);
  checkPairs(chains, keys);
  const pairs = [
    ...chains.map(({ name, chain }) => ({ name, chain, key: ownKey(name, chain, keys) })),
    ...pfxPairs(options.pfx, passphrase, readPfx),
  ];
  for (const { name, chain } of pairs) checkValidity(name, chain[0], nowMs);
  checkKinds(pairs);
  return pairs.map(({ chain, key }) => ({
    certificates: chain.map(({ raw }) => raw),
    key: key.export({ type: 'pkcs8', format: 'der' }),
  }));
}

/** Overwrites the private keys. */
export function wipe(identities: readonly Identity[]): void {
  for (const { key } of identities) key.fill(0);
}

interface Chain {
  /** The option it is from. */
  name: string;
  /** Own certificate first. */
  chain: X509Certificate[];
}

interface NamedKey {
  name: string;
  key: KeyObject;
}

function keysIn(option: IdentityOptions['key'], passphrase: string | undefined): NamedKey[] {
  return listed<PemOrDer | KeyObject | EncryptedKey>('key', option).map(({ name, value }) => {
    if (!isWrapped<EncryptedKey>(value, 'pem')) return { name, key: parsePrivateKey(name, value, passphrase) };
    const own = parsePassphrase(`${name}.passphrase`, value.passphrase) ?? passphrase;
    return { name, key: parsePrivateKey(name, value.pem, own) };
  });
}

/** The form with a passphrase of its own. */
function isWrapped<T extends object>(value: unknown, member: keyof T): value is T {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, member);
}

/** That there are both, and no key is left over. */
function checkPairs(chains: readonly Chain[], keys: readonly NamedKey[]): void {
  if (chains.length > 0 && keys.length === 0) {
    throw optionError(
      'key',
      undefined,
      'cert is given without its private key; for a file with both, give it as both.',
    );
  }
  if (keys.length > 0 && chains.length === 0) {
    throw optionError('cert', undefined, 'key is given without its certificate.');
  }
  const stray = keys.find(({ key }) => !chains.some(({ chain }) => chain.some((one) => belongs(one, key))));
  if (stray) throw mismatchError(stray.name, 'this private key belongs to none of the certificates in cert.');
}

/** The key of the chain's first certificate, wherever in the list it stands. */
function ownKey(name: string, chain: readonly X509Certificate[], keys: readonly NamedKey[]): KeyObject {
  const [own, ...issuers] = chain;
  const found = keys.find(({ key }) => belongs(own, key));
  if (found) return found.key;
  const position = issuers.findIndex((issuer) => keys.some(({ key }) => belongs(issuer, key)));
  if (position === -1) throw mismatchError(name, 'none of the private keys in key belongs to this certificate.');
  const remedy = `own certificate comes first, but the private key belongs to certificate ${position + 2} in it.`;
  throw mismatchError(name, remedy);
}

function belongs(certificate: X509Certificate, key: KeyObject): boolean {
  return certificate.checkPrivateKey(key);
}

function mismatchError(name: string, remedy: string): DtlsError {
  return optionError(name, undefined, remedy, undefined, 'ERR_DTLS_KEY_MISMATCH');
}

function pfxPairs(
  option: IdentityOptions['pfx'],
  passphrase: string | undefined,
  readPfx: ReadPfx,
): Array<Chain & NamedKey> {
  return listed<PemOrDer | EncryptedPfx>('pfx', option).map(({ name, value }) => {
    const wrapped = isWrapped<EncryptedPfx>(value, 'buf');
    const bytes = pfxBytes(name, wrapped ? value.buf : value);
    const own = (wrapped ? parsePassphrase(`${name}.passphrase`, value.passphrase) : undefined) ?? passphrase;
    // Not every PFX has a passphrase, and OpenSSL takes none for an empty one.
    const read = readPfx(bytes, own ?? '');
    if (read === 'passphrase') {
      throw own === undefined ? passphraseMissing(name, 'the PFX') : passphraseWrong(name, 'the PFX');
    }
    if (read === 'unreadable')
      throw pfxError(name, 'it cannot be read; a PFX (PKCS#12) in bytes or base64 is expected.');
    if (read.certificates.length === 0 || read.key.length === 0) {
      throw pfxError(name, 'a certificate and its private key are expected in it, and one is missing.');
    }
    const key = pfxKey(name, read.key);
    const chain = read.certificates.flatMap((certificate) => certificatesIn(name, certificate));
    if (!belongs(chain[0], key)) throw mismatchError(name, 'its private key does not belong to its certificate.');
    return { name, chain, key };
  });
}

/** Takes the key over, and leaves no copy of it. */
function pfxKey(name: string, der: Buffer): KeyObject {
  try {
    return parsePrivateKey(name, der, undefined);
  } finally {
    der.fill(0);
  }
}

function pfxBytes(name: string, value: unknown): Uint8Array {
  if (isUint8Array(value)) return value;
  if (typeof value !== 'string') {
    throw optionError(name, undefined, `bytes or base64 are expected, not ${kindOf(value)}.`);
  }
  if (!/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(value)) throw pemError(name, 'a PFX (PKCS#12) in bytes or base64', value);
  return Buffer.from(value, 'base64');
}

function pfxError(name: string, remedy: string): DtlsError {
  return optionError(name, undefined, remedy, undefined, 'ERR_DTLS_PEM');
}

function checkValidity(name: string, own: X509Certificate, nowMs: number): void {
  const { validFrom, validTo } = own;
  if (Date.parse(validTo) < nowMs) {
    const remedy = `the certificate expired on ${isoDate(validTo)}; peers would refuse it. Get a new one.`;
    throw optionError(name, undefined, remedy, undefined, 'ERR_DTLS_CERT_EXPIRED');
  }
  if (Date.parse(validFrom) > nowMs) {
    const remedy = `the certificate is not valid before ${isoDate(validFrom)}; peers would refuse it. Is the clock right?`;
    throw optionError(name, undefined, remedy, undefined, 'ERR_DTLS_CERT_NOT_YET_VALID');
  }
}

function isoDate(opensslDate: string): string {
  return new Date(opensslDate).toISOString().replace('.000Z', 'Z');
}

/** OpenSSL has one place for each kind of key: a second certificate would replace the first unseen. */
function checkKinds(pairs: ReadonlyArray<Chain & { key: KeyObject }>): void {
  pairs.forEach(({ name, key }, index) => {
    const first = pairs.slice(0, index).find((other) => other.key.asymmetricKeyType === key.asymmetricKeyType);
    if (!first) return;
    const remedy = `${first.name} has a key of type ${key.asymmetricKeyType} already; use SNICallback for another name.`;
    throw optionError(name, undefined, remedy);
  });
}
