import { createPrivateKey, KeyObject, type PrivateKeyInput } from 'node:crypto';
import { optionError } from '../errors';
import { DER, derSequence } from './der';
import { damagedError, kindOf, type PemOrDer, pemError, pemOrDer, readPem } from './pem';

/** What TLS signs with. X25519 and DH keys cannot sign; DSA certificates are refused by today's peers. */
const SUPPORTED: readonly unknown[] = ['rsa', 'rsa-pss', 'ec', 'ed25519', 'ed448'];

/**
 * A private key: PEM, encrypted or not, PKCS#8 in DER, or a `KeyObject`. `option` is the one to blame, such as `key[1]`.
 *
 * @throws {DtlsError} ERR_DTLS_PEM for what is no private key, ERR_DTLS_PASSPHRASE for a passphrase that is missing or
 *   wrong, ERR_DTLS_OPTION for a kind of key that TLS does not sign with.
 */
export function parsePrivateKey(option: string, value: unknown, passphrase: string | undefined): KeyObject {
  const key = value instanceof KeyObject ? value : decode(option, pemOrDer(option, value), passphrase);
  if (key.type !== 'private') {
    throw optionError(option, undefined, `a private key is expected, not a KeyObject with a ${key.type} key.`);
  }
  if (!SUPPORTED.includes(key.asymmetricKeyType)) {
    const remedy = `a key of type ${key.asymmetricKeyType} cannot be used; RSA, RSA-PSS, EC, Ed25519 and Ed448 can.`;
    throw optionError(option, undefined, remedy);
  }
  return key;
}

/** Checked, as bare text may well be a key given in the wrong place. */
export function parsePassphrase(option: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw optionError(option, undefined, `a string is expected, not ${kindOf(value)}.`);
}

function decode(option: string, given: PemOrDer, passphrase: string | undefined): KeyObject {
  const { input, encrypted } = typeof given === 'string' ? fromPem(option, given) : fromDer(option, given);
  // Without this, OpenSSL would read an empty passphrase.
  if (encrypted && passphrase === undefined) throw passphraseMissing(option, 'the key');
  try {
    return createPrivateKey(encrypted ? { ...input, passphrase } : input);
  } catch (cause) {
    if (encrypted) throw passphraseWrong(option, 'the key', cause);
    throw damagedError(option, 'the private key', cause);
  }
}

export function passphraseMissing(option: string, what: string, cause?: unknown) {
  const remedy = `${what} is encrypted, and there is no passphrase for it; give the passphrase option.`;
  return optionError(option, undefined, remedy, cause, 'ERR_DTLS_PASSPHRASE');
}

export function passphraseWrong(option: string, what: string, cause?: unknown) {
  const remedy = `the passphrase does not open ${what}: it is wrong, or OpenSSL lacks the cipher.`;
  return optionError(option, undefined, remedy, cause, 'ERR_DTLS_PASSPHRASE');
}

interface Encoded {
  input: PrivateKeyInput;
  encrypted: boolean;
}

function fromPem(option: string, text: string): Encoded {
  const { blocks, cutOff } = readPem(text);
  const keys = blocks.filter(({ label }) => label.endsWith('PRIVATE KEY'));
  if (keys.length === 0 || cutOff) throw pemError(option, EXPECTED, text);
  if (keys.length > 1) {
    const remedy = `there are ${keys.length} private keys in it; give them as an array.`;
    throw optionError(option, undefined, remedy, undefined, 'ERR_DTLS_PEM');
  }
  const [{ label, text: key, der }] = keys;
  const pkcs8 = label === 'ENCRYPTED PRIVATE KEY';
  if (pkcs8 && !isEncrypted(der)) throw damagedError(option, 'the private key');
  // Before PKCS#8, encryption was said in headers of the block (RFC 1421 section 4.6.1.1).
  return { input: { key, format: 'pem' }, encrypted: pkcs8 || /^Proc-Type:.*ENCRYPTED/m.test(key) };
}

function fromDer(option: string, der: Uint8Array): Encoded {
  const encrypted = isEncrypted(der);
  if (!encrypted && derSequence(der)?.[0]?.tag !== DER.integer) throw pemError(option, EXPECTED, der);
  // A view: a copy would outlive whoever wipes the original.
  const key = Buffer.from(der.buffer, der.byteOffset, der.byteLength);
  return { input: { key, format: 'der', type: 'pkcs8' }, encrypted };
}

const EXPECTED = 'a private key (PEM, or PKCS#8 in DER)';

/** EncryptedPrivateKeyInfo of RFC 5958 section 3: an algorithm, and an OCTET STRING. */
function isEncrypted(der: Uint8Array): boolean {
  const [algorithm, data, ...more] = derSequence(der) ?? [];
  return algorithm?.tag === DER.sequence && data?.tag === DER.octetString && more.length === 0;
}
