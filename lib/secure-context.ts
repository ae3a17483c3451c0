import { createHash, type KeyObject } from 'node:crypto';
import { isUint8Array } from 'node:util/types';
import type { Context } from '../binding';
import { type CipherKinds, checkCiphers, usesCertificate, usesPsk } from './credentials/ciphers';
import type { EncryptedPfx, IdentityOptions } from './credentials/identity';
import { createNativeContext } from './credentials/native-context';
import type { PemOrDer } from './credentials/pem';
import { type PublicKey, parsePublicKeys } from './credentials/public-keys';
import { parseRawKey, publicHalf } from './credentials/raw-key';
import { parseTicketKeys, randomTicketKeys, type TicketKeys } from './credentials/ticket-keys';
import { trustOf } from './credentials/trust-store';
import { type DtlsVersion, parseVersions } from './credentials/version';
import { optionError } from './errors';
import { boolean, checkNames, isObject, string } from './options/check';
import { isCredentials, type PskCredentials, type PskTable } from './options/psk';

/** Credentials and policy; names and defaults are those of `tls.createSecureContext` where it has them. */
export interface SecureContextOptions extends IdentityOptions {
  /** A client's credentials, or a server's table of keys. Copied; wiped when the context is garbage collected. */
  psk?: PskCredentials | PskTable | undefined;
  /** What a server tells clients to choose their key by (RFC 4279 section 5.2): up to 128 bytes of UTF-8. */
  pskIdentityHint?: string | undefined;
  /** Certificates of the authorities to trust, PEM or DER. Default: Node's root certificates. */
  ca?: PemOrDer | readonly PemOrDer[] | undefined;
  /** Revocation lists, PEM or DER; with one, each certificate of a chain must be covered. */
  crl?: PemOrDer | readonly PemOrDer[] | undefined;
  /**
   * Raw public keys (RFC 7250) instead of certificates, with OpenSSL 3.2 and later: the private key of ours, PEM, DER
   * or a `KeyObject`. `passphrase` applies to it.
   */
  rawPublicKey?: string | Uint8Array | KeyObject | undefined;
  /** The peers' raw public keys that are trusted. */
  trustedPublicKeys?: PublicKey | readonly PublicKey[] | undefined;
  /**
   * OpenSSL cipher list, "@SECLEVEL=n" included, or "coap" for the suites that RFC 7252 prescribes. Default: suites for
   * the credentials that are given: with certificates all have forward secrecy, with pre-shared keys
   * ECDHE-PSK-CHACHA20-POLY1305 comes first, then authenticated encryption without it.
   */
  ciphers?: string | undefined;
  /** Default for both "DTLSv1.2". DTLS 1.0 is of use for old peers only. */
  minVersion?: DtlsVersion | undefined;
  maxVersion?: DtlsVersion | undefined;
  /** OpenSSL list of groups, "X25519:P-256" say. Default: OpenSSL's. */
  ecdhCurve?: string | undefined;
  /** OpenSSL list of signature algorithms. Default: OpenSSL's. */
  sigalgs?: string | undefined;
  /** As a server: keys of session tickets, 48 bytes each. Default: random for this context. */
  ticketKeys?: TicketKeys | undefined;
  /** Seconds for which a session may be resumed. Default 300. */
  sessionTimeout?: number | undefined;
  /** As a client: ask for records of at most 512, 1024, 2048 or 4096 bytes (RFC 6066). Default: not asked for. */
  maxFragmentLength?: 512 | 1024 | 2048 | 4096 | undefined;
  /** Collect key log lines for the `keylog` event. Default: false. Whoever reads them can decrypt the traffic. */
  keylog?: boolean | undefined;
}

/** The options of a context; a `Record`, so that none of the interface is forgotten. */
const OPTIONS: Readonly<Record<keyof SecureContextOptions, true>> = {
  psk: true,
  pskIdentityHint: true,
  ca: true,
  cert: true,
  key: true,
  passphrase: true,
  pfx: true,
  crl: true,
  rawPublicKey: true,
  trustedPublicKeys: true,
  ciphers: true,
  minVersion: true,
  maxVersion: true,
  ecdhCurve: true,
  sigalgs: true,
  ticketKeys: true,
  sessionTimeout: true,
  maxFragmentLength: true,
  keylog: true,
};

export const CONTEXT_NAMES = Object.freeze(Object.keys(OPTIONS) as Array<keyof SecureContextOptions>);

const OWN_CERTIFICATE = ['cert', 'key', 'pfx', 'rawPublicKey'] as const;
const CERTIFICATE_POLICY = ['ca', 'crl', 'trustedPublicKeys'] as const;

let nativeContextOf: (context: SecureContext) => Context;
let isSecureContext: (value: unknown) => value is SecureContext;

/** How an association will use a context. `asksForPsk`: a pskCallback stands ready. */
interface Use {
  role: 'client' | 'server';
  asksForPsk: boolean;
}

/** Credentials and cipher policy, parsed once and shared by any number of associations. */
export class SecureContext {
  readonly #native: Context;
  /** OpenSSL names of the suites that are offered or accepted, in order of preference. */
  readonly ciphers: readonly string[];
  /** What `psk` was: a client's credentials, a server's table, or absent. */
  readonly pskKind: 'credentials' | 'table' | undefined;
  /** Whether it says itself whom to trust. */
  readonly hasTrust: boolean;
  /** Whether there is a certificate or raw public key of our own. */
  readonly hasIdentity: boolean;
  /** SubjectPublicKeyInfo DER of the raw public keys that are trusted; undefined: certificates are used. */
  readonly trustedPublicKeys: readonly Buffer[] | undefined;
  /** Numbers of the suites with pre-shared keys. */
  readonly pskSuites: ReadonlySet<number>;
  readonly keylog: boolean;
  /** Whether the ticket keys were given, so that others may share them. */
  readonly sharesTickets: boolean;
  /** Digests of whom we are and whom we trust: a session is worth no more than what it was made with. */
  readonly identityDigest: string;
  readonly trustDigest: string;

  static {
    nativeContextOf = (context) => context.#native;
    isSecureContext = (value): value is SecureContext => isObject(value) && #native in value;
  }

  /** Use `createSecureContext`. What `psk` is follows from its shape unless the use is known. */
  constructor(options: SecureContextOptions = {}, use?: Use) {
    checkNames('createSecureContext', options, CONTEXT_NAMES);
    this.keylog = boolean('keylog', options.keylog, false);
    this.pskKind = kindOf(options.psk, use?.role);
    this.hasIdentity = OWN_CERTIFICATE.some((name) => options[name] !== undefined);
    this.hasTrust = options.ca !== undefined || options.crl !== undefined;
    this.trustedPublicKeys = parseTrustedPublicKeys(options);
    this.sharesTickets = options.ticketKeys !== undefined;
    const versions = parseVersions(options.minVersion, options.maxVersion);
    const kinds = cipherKinds(options, use);
    const rawKey = parseRawKey(options);
    this.#native = createNativeContext(options, this.pskKind, kinds, versions, rawKey);
    if (this.sharesTickets) this.#native.setTicketKeys(parseTicketKeys(options.ticketKeys));
    else if (use?.role !== 'client') this.#native.setTicketKeys(randomTicketKeys());
    const { names, ids } = this.#native.suites();
    this.ciphers = Object.freeze(names);
    checkCiphers(string('ciphers', options.ciphers), this.ciphers, {
      psk: kinds.psk && !kinds.certificates,
      certificates: kinds.certificates && !kinds.psk,
    });
    this.identityDigest = digestOf([identityOf(options.psk), options.cert, options.pfx, publicHalf(rawKey)]);
    this.trustDigest = digestOf([options.ca, options.crl, this.trustedPublicKeys]);
    this.pskSuites = new Set(ids.filter((_, index) => usesPsk(names[index] as string)));
    // Where raw public keys are trusted, no certificate is. What is given is read in any case: it may be wrong.
    if (this.trustedPublicKeys === undefined && (this.hasTrust || this.ciphers.some(usesCertificate))) {
      this.#native.setTrust(trustOf(options.ca, options.crl), options.ca !== undefined);
    }
    Object.freeze(this);
  }

  /** New keys for session tickets, from now on. Throws `ERR_DTLS_OPTION`. */
  setTicketKeys(keys: TicketKeys): void {
    this.#native.setTicketKeys(parseTicketKeys(keys));
  }
}

export { isSecureContext, nativeContextOf };

/**
 * Parses credentials once, for many associations in either role.
 * Throws `ERR_DTLS_OPTION`, or a code of its own for what is wrong with a certificate, a key or a cipher list.
 */
export function createSecureContext(options: SecureContextOptions = {}): SecureContext {
  return new SecureContext(options);
}

function kindOf(psk: unknown, role: 'client' | 'server' | undefined): SecureContext['pskKind'] {
  if (psk === undefined) return undefined;
  const isForClient = role === undefined ? isCredentials(psk) : role === 'client';
  return isForClient ? 'credentials' : 'table';
}

/** A client without a pre-shared key verifies certificates; a server without a certificate has none to show. */
function cipherKinds(options: SecureContextOptions, use: Use | undefined): CipherKinds {
  const psk = options.psk !== undefined || use?.asksForPsk === true;
  const names = use?.role === 'server' ? OWN_CERTIFICATE : [...OWN_CERTIFICATE, ...CERTIFICATE_POLICY];
  const certificates = names.some((name) => options[name] !== undefined);
  if (psk || certificates) return { psk, certificates };
  return use === undefined ? { psk: true, certificates: true } : { psk: false, certificates: true };
}

/** A client's; a server's table says nothing about the server. */
function identityOf(psk: SecureContextOptions['psk']): string | Uint8Array | undefined {
  return isCredentials(psk) ? psk.identity : undefined;
}

/** Of options as they are given. */
function digestOf(values: readonly unknown[]): string {
  const hash = createHash('sha256');
  for (const value of values.flat(2)) {
    if (value === undefined || value === null) hash.update('-;');
    else if (typeof value === 'string' || isUint8Array(value)) hash.update(`${value.length};`).update(value);
    // { buf, passphrase } of a pfx.
    else hash.update((value as EncryptedPfx).buf ?? '');
  }
  return hash.digest('hex');
}

function parseTrustedPublicKeys(options: SecureContextOptions): readonly Buffer[] | undefined {
  if (options.rawPublicKey === undefined && options.trustedPublicKeys === undefined) return undefined;
  for (const name of ['cert', 'key', 'pfx', 'ca', 'crl'] as const) {
    if (options[name] === undefined) continue;
    throw optionError(name, undefined, 'certificates do not go with rawPublicKey or trustedPublicKeys.');
  }
  return Object.freeze(parsePublicKeys('trustedPublicKeys', options.trustedPublicKeys));
}
