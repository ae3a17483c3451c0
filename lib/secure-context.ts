import type { Context, ContextOptions } from '../binding';
import { DtlsError, optionError } from './errors';
import { binding } from './native';
import { boolean, checkNames, string } from './options/check';
import { clientCredentials, isCredentials, type PskCredentials, type PskTable, tableEntries } from './options/psk';

/**
 * Offered and accepted when `ciphers` is absent: forward secrecy first, no suite that needs a certificate.
 * ECDHE-PSK with AES-GCM does not exist in OpenSSL.
 */
export const DEFAULT_PSK_CIPHERS = [
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
].join(':');

export interface SecureContextOptions {
  /** A client's credentials, or a server's table of keys. Copied; wiped when the context is garbage collected. */
  psk?: PskCredentials | PskTable;
  /** What a server tells clients to choose their key by (RFC 4279 section 5.2): up to 128 bytes of UTF-8. */
  pskIdentityHint?: string;
  /** OpenSSL cipher list, "@SECLEVEL=n" included. Default: the PSK suites, forward secrecy first. */
  ciphers?: string;
  /** Collect key log lines for the `keylog` event. Default: false. Whoever reads them can decrypt the traffic. */
  keylog?: boolean;
}

const OPTION_NAMES = ['psk', 'pskIdentityHint', 'ciphers', 'keylog'] as const;

let nativeContextOf: (context: SecureContext) => Context;

/** Credentials and cipher policy, parsed once and shared by any number of associations. */
export class SecureContext {
  readonly #native: Context;
  /** OpenSSL names of the suites that are offered or accepted, in order of preference. */
  readonly ciphers: readonly string[];
  /** What `psk` was: a client's credentials, a server's table, or absent. */
  readonly pskKind: 'credentials' | 'table' | undefined;
  readonly keylog: boolean;

  static {
    nativeContextOf = (context) => context.#native;
  }

  /** Use `createSecureContext`. What `psk` is follows from its shape unless the role is known. */
  constructor(options: SecureContextOptions = {}, role?: 'client' | 'server') {
    checkNames('createSecureContext', options, OPTION_NAMES);
    this.keylog = boolean('keylog', options.keylog, false);
    this.pskKind = kindOf(options.psk, role);
    this.#native = createNative(options, this.pskKind, this.keylog);
    this.ciphers = Object.freeze(this.#native.cipherNames());
    checkCiphers(options.ciphers, this.ciphers);
    Object.freeze(this);
  }
}

export { nativeContextOf };

/**
 * Parses credentials once, for many associations in either role.
 * Throws `ERR_DTLS_OPTION` for what cannot work.
 */
export function createSecureContext(options: SecureContextOptions = {}): SecureContext {
  return new SecureContext(options);
}

function kindOf(psk: unknown, role: 'client' | 'server' | undefined): SecureContext['pskKind'] {
  if (psk === undefined) return undefined;
  const isForClient = role === undefined ? isCredentials(psk) : role === 'client';
  return isForClient ? 'credentials' : 'table';
}

function createNative(options: SecureContextOptions, kind: SecureContext['pskKind'], keylog: boolean): Context {
  const native: ContextOptions = { ciphers: string('ciphers', options.ciphers) ?? DEFAULT_PSK_CIPHERS, keylog };
  if (kind === 'credentials') native.psk = clientCredentials('psk', options.psk);
  if (kind === 'table') native.pskTable = tableEntries('psk', options.psk);
  const hint = string('pskIdentityHint', options.pskIdentityHint);
  if (hint !== undefined) native.pskIdentityHint = hintBytes(hint);
  try {
    return new binding.Context(native);
  } catch (error) {
    const reason = (error as Error).message;
    if (options.ciphers === undefined) throw new DtlsError('ERR_DTLS_INTERNAL', `OpenSSL: ${reason}`, { reason });
    throw optionError(
      'ciphers',
      options.ciphers,
      `OpenSSL refuses ${JSON.stringify(options.ciphers)}: ${reason}.`,
      error,
    );
  }
}

function hintBytes(hint: string): Buffer {
  const bytes = Buffer.from(hint);
  if (bytes.length > 128 || bytes.includes(0)) {
    throw optionError('pskIdentityHint', hint, `a hint has up to 128 bytes and no NUL, this one has ${bytes.length}.`);
  }
  return bytes;
}

function checkCiphers(list: string | undefined, usable: readonly string[]): void {
  if (usable.some((name) => name.includes('PSK'))) return;
  const problem =
    usable.length === 0
      ? 'none of these suites is allowed at the security level in force; OpenSSL 3.2 and later need "@SECLEVEL=0" ' +
        'at the end of the list for CCM8 suites'
      : 'no suite of this list works with a pre-shared key';
  throw optionError('ciphers', list, `${problem} (${JSON.stringify(list)}).`);
}
