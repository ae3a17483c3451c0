import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import tls, { type PeerCertificate } from 'node:tls';
import { usesCertificate } from '../credentials/ciphers';
import { type Fingerprint, parseFingerprints } from '../credentials/fingerprint';
import { optionError } from '../errors';
import type { MaybePromise } from '../maybe-promise';
import type { SecureContext } from '../secure-context';
import { boolean, callback, show, string } from './check';

/** What is known of a peer when `verifyPeer` is asked. */
export interface PeerDetails {
  /** Whether chain and name, or the fingerprint, are in order. */
  readonly authorized: boolean;
  /** Why not, as `association.authorizationError`. */
  readonly authorizationError: string | undefined;
  /**
   * The peer's certificate and its issuers up to the trusted one, or those that it sent when it is not trusted. Only
   * the first is there when a session is resumed.
   */
  readonly chain: readonly X509Certificate[];
  /** As a client, the name that was asked for; as a server, the one that the client asked for, if any. */
  readonly servername: string | undefined;
}

/**
 * The last word on a peer's certificate: `true` lets it pass. Everything else, an `Error`, a rejection or no answer at
 * all, refuses it.
 */
export type VerifyPeer = (certificate: X509Certificate, details: PeerDetails) => MaybePromise<boolean | Error>;

/** As `tls.checkServerIdentity`: an `Error` refuses the certificate. */
export type CheckServerIdentity = (hostname: string, certificate: PeerCertificate) => Error | undefined;

/** How the peer's certificate is verified; options of clients and servers. */
export interface VerificationOptions {
  /** Refuse a peer whose certificate is not in order. Default true. */
  rejectUnauthorized?: boolean | undefined;
  /**
   * Take the peer by the fingerprint of its certificate, "sha-256 AB:CD:..." as in SDP, instead of chain and name. One
   * of several is enough.
   */
  verifyFingerprint?: string | readonly string[] | undefined;
  /** Asked after everything else; may take its time and answer with a promise. */
  verifyPeer?: VerifyPeer | undefined;
}

export const VERIFICATION_NAMES = ['rejectUnauthorized', 'verifyFingerprint', 'verifyPeer'] as const;

/** `VerificationOptions`, checked, and the name that a client expects. */
export interface VerificationConfig {
  readonly rejectUnauthorized: boolean;
  readonly fingerprints: readonly Fingerprint[] | undefined;
  readonly verifyPeer: VerifyPeer | undefined;
  /** Whether the peer is asked for a certificate: a client always asks. */
  readonly asks: boolean;
  /** Only a client has a name to check. */
  readonly server: { readonly name: string; readonly check: CheckServerIdentity } | undefined;
}

/** `server`: the name that a client checks. Throws `ERR_DTLS_OPTION`. */
export function parseVerification(
  options: VerificationOptions,
  asks: boolean,
  server: VerificationConfig['server'],
  { trustedPublicKeys, ciphers }: Pick<SecureContext, 'trustedPublicKeys' | 'ciphers'>,
): VerificationConfig {
  const { verifyFingerprint } = options;
  const config = {
    asks,
    server,
    rejectUnauthorized: boolean('rejectUnauthorized', options.rejectUnauthorized, true),
    fingerprints:
      verifyFingerprint === undefined ? undefined : parseFingerprints('verifyFingerprint', verifyFingerprint),
    verifyPeer: callback('verifyPeer', options.verifyPeer),
  };
  if (trustedPublicKeys !== undefined) refuseIdle(options, 'with raw public keys trustedPublicKeys has the word');
  if (!ciphers.some(usesCertificate)) refuseIdle(options, 'all suites are for pre-shared keys');
  if (trustedPublicKeys?.length === 0 && server !== undefined && config.rejectUnauthorized) {
    const remedy = "with rawPublicKey a client takes a server's raw public key only; give those that are trusted.";
    throw optionError('trustedPublicKeys', undefined, remedy);
  }
  return Object.freeze(config);
}

/** Passed over in silence, these would let in whom they are to keep out. */
function refuseIdle(options: VerificationOptions, why: string): void {
  for (const name of ['verifyFingerprint', 'verifyPeer'] as const) {
    if (options[name] !== undefined) throw optionError(name, undefined, `it is about certificates; ${why}.`);
  }
}

/** The name that a client checks, and asks for unless it is an address. */
export function parseServerName(
  servername: unknown,
  host: string,
  check: CheckServerIdentity | undefined,
): { name: string; check: CheckServerIdentity } {
  const name = string('servername', servername) ?? host;
  if (servername !== undefined && isIP(name) !== 0) {
    const remedy = `a name is expected, not the address ${show(name)} (RFC 6066 section 3); leave it out instead.`;
    throw optionError('servername', servername, remedy);
  }
  if (name.includes('\0') || name.length > 255) {
    throw optionError(servername === undefined ? 'host' : 'servername', name, 'this is no host name.');
  }
  return Object.freeze({ name, check: callback('checkServerIdentity', check) ?? tls.checkServerIdentity });
}
