import { X509Certificate } from 'node:crypto';
import type { PeerCertificate } from 'node:tls';
import type { Session } from '../../binding';
import { usesPsk } from '../credentials/ciphers';
import { matchesFingerprint } from '../credentials/fingerprint';
import { legacyCertificate } from '../credentials/peer-certificate';
import { verifyError, verifySentence } from '../credentials/verify-errors';
import { type DtlsErrorCode, errorOf, isError, said } from '../errors';
import { Alert } from '../handshake/wire';
import { isPromise } from '../maybe-promise';
import type { PeerDetails, VerificationConfig } from '../options/verification';
import type { Answer, Refusal } from './checkpoint';

/** What a verified peer is to the user, as in `node:tls`. */
export interface Standing {
  readonly authorized: boolean;
  /** Why not: a code, "CERT_HAS_EXPIRED" say. */
  readonly authorizationError: string | undefined;
}

interface Finding extends Standing {
  readonly refusal?: Refusal;
}

/** The alerts that OpenSSL would send for the same cause. */
const ALERTS: Readonly<Partial<Record<DtlsErrorCode, number>>> = {
  ERR_DTLS_CERT_EXPIRED: Alert.CertificateExpired,
  ERR_DTLS_CERT_REVOKED: Alert.CertificateRevoked,
  ERR_DTLS_CERT_UNTRUSTED: Alert.UnknownCa,
};

const FINE: Finding = { authorized: true, authorizationError: undefined };

/** Judges the peer by what it has shown, when OpenSSL has done its part, and before the peer hears of it. */
export class PeerJudge {
  readonly #config: VerificationConfig;
  readonly #trustedPublicKeys: readonly Buffer[] | undefined;
  readonly #hasAllKeys: boolean;
  #standing: Standing | undefined;

  /** `hasAllKeys`: a server's keys are all in a table, and who is not in it any more is not resumed. */
  constructor(config: VerificationConfig, trustedPublicKeys: readonly Buffer[] | undefined, hasAllKeys: boolean) {
    this.#config = config;
    this.#trustedPublicKeys = trustedPublicKeys;
    this.#hasAllKeys = hasAllKeys;
  }

  /** A peer that showed nothing stands for itself only when it has the pre-shared key. */
  standing(cipherName: string): Standing {
    if (this.#standing !== undefined) return this.#standing;
    const authorized = usesPsk(cipherName);
    // What node:tls says of a peer that was asked for a certificate and has none.
    const isMissing = !authorized && this.#config.asks;
    return { authorized, authorizationError: isMissing ? 'UNABLE_TO_GET_ISSUER_CERT' : undefined };
  }

  /** Whatever goes wrong in here refuses the peer. */
  judge(session: Session): Answer {
    try {
      return this.#judge(session);
    } catch (cause) {
      const message = `its certificate could not be judged: ${said(cause)}`;
      return { code: 'ERR_DTLS_CERT_REFUSED', message, alert: Alert.AccessDenied, cause };
    }
  }

  #judge(session: Session): Answer {
    const certificates = session.peerCertificates();
    // Before the user is asked, who may end the association.
    const askedName = session.serverName();
    const finding = this.#find(session, certificates);
    if (finding === undefined) return undefined;
    this.#standing = { authorized: finding.authorized, authorizationError: finding.authorizationError };
    if (finding.refusal !== undefined) return finding.refusal;
    if (this.#config.verifyPeer === undefined || certificates.length === 0) return undefined;
    return this.#ask(certificates, askedName);
  }

  /** Undefined when the peer has shown nothing but, perhaps, a pre-shared key. */
  #find(session: Session, certificates: readonly Buffer[]): Finding | undefined {
    const key = session.peerPublicKey();
    // A peer that does not know of raw public keys shows a certificate: none is trusted then.
    if (this.#trustedPublicKeys !== undefined && certificates.length + key.length > 0) return this.#judgePublicKey(key);
    if (certificates.length > 0) return this.#judgeCertificate(session, certificates);
    const identity = session.pskIdentity();
    if (!this.#hasAllKeys || identity === '' || session.knowsIdentity()) return undefined;
    const message = `its session belongs to the identity ${JSON.stringify(identity)}, which psk has no more`;
    const refusal = { code: 'ERR_DTLS_PSK_UNKNOWN', message, alert: Alert.UnknownPskIdentity } as const;
    return { authorized: false, authorizationError: 'PSK_IDENTITY_UNKNOWN', refusal };
  }

  #judgePublicKey(key: Buffer): Finding {
    if (this.#trustedPublicKeys?.some((trusted) => trusted.equals(key))) return FINE;
    const message = 'its raw public key is none of trustedPublicKeys';
    return this.#wanting('RAW_PUBLIC_KEY_UNTRUSTED', 'ERR_DTLS_RAW_PUBLIC_KEY', message);
  }

  #judgeCertificate(session: Session, certificates: readonly Buffer[]): Finding {
    const { fingerprints, server } = this.#config;
    if (fingerprints !== undefined) {
      if (matchesFingerprint(fingerprints, certificates[0] as Buffer)) return FINE;
      const message = 'its fingerprint is not the one given as verifyFingerprint';
      return this.#wanting('FINGERPRINT_MISMATCH', 'ERR_DTLS_CERT_FINGERPRINT', message);
    }
    const number = session.verifyError();
    if (number !== 0) {
      const { name, code } = verifyError(number);
      return this.#wanting(name, code, verifySentence(name));
    }
    return server === undefined ? FINE : this.#judgeName(server, certificates);
  }

  #judgeName({ name, check }: NonNullable<VerificationConfig['server']>, certificates: readonly Buffer[]): Finding {
    let error: (Error & { code?: string }) | null | undefined;
    try {
      error = check(name, legacyCertificate(certificates, true) as PeerCertificate);
    } catch (thrown) {
      error = errorOf(thrown);
    }
    // null is in order, too, in node:tls.
    if (!error) return FINE;
    return this.#wanting(error.code ?? error.message, 'ERR_DTLS_CERT_HOST', error.message, error);
  }

  /** Not in order; whether that matters is the user's to say. */
  #wanting(authorizationError: string, code: DtlsErrorCode, message: string, cause?: unknown): Finding {
    const finding = { authorized: false, authorizationError };
    if (!this.#config.rejectUnauthorized) return finding;
    const alert = ALERTS[code] ?? Alert.BadCertificate;
    return { ...finding, refusal: { code, message: `its certificate is not accepted: ${message}`, alert, cause } };
  }

  #ask(certificates: readonly Buffer[], askedName: string): Answer {
    const chain = certificates.map((der) => new X509Certificate(der));
    const servername = this.#config.server?.name ?? (askedName === '' ? undefined : askedName);
    const details: PeerDetails = { ...(this.#standing as Standing), chain, servername };
    try {
      const verdict = this.#config.verifyPeer?.(chain[0] as X509Certificate, details);
      return isPromise(verdict) ? Promise.resolve(verdict).then(refusalOf, refused) : refusalOf(verdict);
    } catch (error) {
      return refused(error);
    }
  }
}

function refusalOf(verdict: unknown): Refusal | undefined {
  return verdict === true ? undefined : refused(verdict);
}

/** `verdict` is the user's, or what was thrown on the way to one. */
function refused(verdict: unknown): Refusal {
  const cause = isError(verdict) ? verdict : undefined;
  const why = cause !== undefined ? `: ${said(cause)}` : verdict === false ? '' : '; it answers true to accept';
  return { code: 'ERR_DTLS_CERT_REFUSED', message: `verifyPeer says no${why}`, alert: Alert.AccessDenied, cause };
}
