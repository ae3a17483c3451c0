import type { KeyObject } from 'node:crypto';
import type { Context, ContextOptions } from '../../binding';
import { DtlsError, optionError } from '../errors';
import { binding } from '../native';
import { boolean, integer, show, string } from '../options/check';
import { clientCredentials, tableEntries } from '../options/psk';
import type { SecureContextOptions } from '../secure-context';
import { type CipherKinds, cipherList } from './ciphers';
import { parseIdentities, wipe } from './identity';
import { signatureAlgorithms } from './signature-algorithms';
import { type VersionRange, wireVersion } from './version';

/** Makes the SSL_CTX of a context's options. Throws what is wrong with them. */
export function createNativeContext(
  options: SecureContextOptions,
  pskKind: 'credentials' | 'table' | undefined,
  kinds: CipherKinds,
  versions: VersionRange,
  rawKey: KeyObject | undefined,
): Context {
  const identities = parseIdentities(options, binding.readPkcs12);
  const rawPrivateKey = rawKey?.export({ type: 'pkcs8', format: 'der' });
  const native: ContextOptions = {
    ciphers: cipherList(string('ciphers', options.ciphers), kinds, versions.min === 'DTLSv1'),
    minVersion: wireVersion(versions.min),
    maxVersion: wireVersion(versions.max),
    ...signatureAlgorithms(options, identities, rawKey),
    groups: string('ecdhCurve', options.ecdhCurve) ?? '',
    keylog: boolean('keylog', options.keylog, false),
    sessionTimeoutS: integer('sessionTimeout', options.sessionTimeout, { min: 1, max: 2 ** 31 - 1 }, 300),
    maxFragmentLength: parseMaxFragmentLength(options.maxFragmentLength),
    identities,
    rawPublicKeys: options.rawPublicKey !== undefined || options.trustedPublicKeys !== undefined,
    rawPrivateKey,
    pskIdentityHint: hintBytes(options.pskIdentityHint),
    psk: pskKind === 'credentials' ? clientCredentials('psk', options.psk) : undefined,
    pskTable: pskKind === 'table' ? tableEntries('psk', options.psk) : undefined,
  };
  try {
    return new binding.Context(native);
  } catch (error) {
    throw refused(options, error as NodeJS.ErrnoException);
  } finally {
    wipe(identities);
    rawPrivateKey?.fill(0);
  }
}

function parseMaxFragmentLength(length: unknown): number {
  if (length === undefined) return 0;
  if (length === 512 || length === 1024 || length === 2048 || length === 4096) return length;
  throw optionError('maxFragmentLength', length, '512, 1024, 2048 or 4096 is expected (RFC 6066 section 4).');
}

function hintBytes(given: string | undefined): Buffer | undefined {
  const hint = string('pskIdentityHint', given);
  if (hint === undefined) return undefined;
  const bytes = Buffer.from(hint);
  if (bytes.length > 128 || bytes.includes(0)) {
    throw optionError('pskIdentityHint', hint, `a hint has up to 128 bytes and no NUL, this one has ${bytes.length}.`);
  }
  return bytes;
}

/** The options, by what binding.d.ts calls them. */
const OPTION_NAMES: Readonly<Record<string, keyof SecureContextOptions>> = {
  ciphers: 'ciphers',
  groups: 'ecdhCurve',
  signatureAlgorithms: 'sigalgs',
  identities: 'cert',
  rawPublicKeys: 'rawPublicKey',
};

/** OpenSSL's refusal of one option; `code` is its name in binding.d.ts. */
function refused(options: SecureContextOptions, error: NodeJS.ErrnoException): DtlsError {
  const option = OPTION_NAMES[error.code ?? ''];
  const reason = error.message || 'no reason given';
  if (option === undefined || options[option] === undefined) {
    return new DtlsError('ERR_DTLS_INTERNAL', `OpenSSL: ${reason}`, { reason });
  }
  if (option === 'cert' || option === 'rawPublicKey') {
    const remedy = `OpenSSL refuses it: ${reason}. ${weakness(reason)}`.trim();
    return optionError(option, undefined, remedy, error);
  }
  const code = option === 'ciphers' ? 'ERR_DTLS_CIPHERS' : 'ERR_DTLS_OPTION';
  const remedy = `OpenSSL refuses ${show(options[option])}: ${reason}.`;
  return optionError(option, options[option], remedy, error, code);
}

function weakness(reason: string): string {
  if (!/too small|too weak/.test(reason)) return '';
  return 'It is below the security level in force: take a stronger one, or lower the level with "@SECLEVEL=n" in ciphers.';
}
