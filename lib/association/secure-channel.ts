import { X509Certificate } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { DetailedPeerCertificate, EphemeralKeyInfo, PeerCertificate } from 'node:tls';
import { isUint8Array } from 'node:util/types';
import type { Session } from '../../binding';
import { legacyCertificate } from '../credentials/peer-certificate';
import { encodeSession } from '../credentials/session-data';
import { type SrtpKeys, splitSrtpKeys } from '../credentials/srtp-keys';
import { DtlsError, shownValue } from '../errors';
import { show } from '../options/check';
import type { SrtpProfile } from '../options/srtp';
import type { CipherInfo, DtlsAssociationEvents } from './events';
import type { Negotiated, Outcome } from './outcome';
import type { Standing } from './peer-judge';

let attachSession: (channel: SecureChannel, outcome: Outcome, sessionBinding: (() => string) | undefined) => void;
let resizeMessages: (channel: SecureChannel, maxPayload: number) => void;
let detachSession: (channel: SecureChannel) => void;

/**
 * What `tls.TLSSocket` tells of its keys and its peer, with the same names. Before the handshake is complete, and after
 * the association has ended, there is nothing to tell.
 */
export abstract class SecureChannel extends EventEmitter<DtlsAssociationEvents> {
  #negotiated: Negotiated | undefined;
  #maxPayload = 0;
  #standing: Standing | undefined;
  /** As a client, what its sessions belong to. */
  #sessionBinding: (() => string) | undefined;
  #session: Session | undefined;

  static {
    attachSession = (channel, { session, negotiated, maxPayload, standing }, sessionBinding) => {
      channel.#session = session;
      channel.#negotiated = negotiated;
      channel.#maxPayload = maxPayload;
      channel.#standing = standing;
      channel.#sessionBinding = sessionBinding;
    };
    resizeMessages = (channel, maxPayload) => {
      channel.#maxPayload = maxPayload;
    };
    detachSession = (channel) => {
      channel.#session = undefined;
    };
  }

  /**
   * Largest message in bytes that fits the `mtu` with the negotiated cipher, and the path as far as the system knows
   * it: less from the moment on at which it learns that it carries less. 0 before the handshake is complete.
   */
  get maxPayload(): number {
    return this.#maxPayload;
  }

  /** The identity that the pre-shared key belongs to; undefined before the handshake is complete, and without one. */
  get pskIdentity(): string | undefined {
    return this.#negotiated?.pskIdentity || undefined;
  }

  /**
   * Whether the peer's certificate is in order, or it has the pre-shared key; false before the handshake is complete.
   */
  get authorized(): boolean {
    return this.#standing?.authorized ?? false;
  }

  /** Why the peer is not `authorized`: a code, "CERT_HAS_EXPIRED" say. */
  get authorizationError(): string | undefined {
    return this.#standing?.authorizationError;
  }

  /** The application protocol that was agreed on; false: none, as in `node:tls`. */
  get alpnProtocol(): string | false {
    return this.#session?.alpnProtocol() || false;
  }

  /** The name that the client asked for (SNI); false: none. */
  get servername(): string | false {
    return this.#session?.serverName() || false;
  }

  /** The SRTP profile that was agreed on. */
  get srtpProfile(): SrtpProfile | undefined {
    return (this.#session?.srtpProfile() || undefined) as SrtpProfile | undefined;
  }

  /** Whether the keys are bound to the whole handshake (RFC 7627). */
  get extendedMasterSecret(): boolean {
    return this.#session?.extendedMasterSecret() ?? false;
  }

  /** As `tls.TLSSocket.getCipher`; undefined before the handshake is complete. */
  getCipher(): CipherInfo | undefined {
    if (this.#negotiated === undefined) return undefined;
    const { cipherName, cipherStandardName, protocol } = this.#negotiated;
    return { name: cipherName, standardName: cipherStandardName, version: protocol };
  }

  /** "DTLSv1.2"; null before the handshake is complete, as `tls.TLSSocket.getProtocol`. */
  getProtocol(): string | null {
    return this.#negotiated?.protocol ?? null;
  }

  /** As `tls.TLSSocket.getPeerCertificate`: {} when the peer showed none. */
  getPeerCertificate(detailed: true): DetailedPeerCertificate;
  getPeerCertificate(detailed?: false): PeerCertificate;
  getPeerCertificate(detailed = false): PeerCertificate | DetailedPeerCertificate {
    const certificates = this.#session?.peerCertificates() ?? [];
    return legacyCertificate(certificates, detailed) as PeerCertificate;
  }

  getPeerX509Certificate(): X509Certificate | undefined {
    const der = this.#session?.peerCertificates()[0];
    return der && new X509Certificate(der);
  }

  /** The peer's raw public key (RFC 7250), SubjectPublicKeyInfo DER. */
  getPeerPublicKey(): Buffer | undefined {
    const der = this.#session?.peerPublicKey();
    return der?.length ? der : undefined;
  }

  /** The own certificate in use: {} without one. */
  getCertificate(): PeerCertificate | Record<string, never> {
    const der = this.#session?.ownCertificate();
    return legacyCertificate(der?.length ? [der] : [], false);
  }

  getX509Certificate(): X509Certificate | undefined {
    const der = this.#session?.ownCertificate();
    return der?.length ? new X509Certificate(der) : undefined;
  }

  /** The latest Finished message that was sent (RFC 5929 calls for it as "tls-unique"). */
  getFinished(): Buffer | undefined {
    return this.#session?.finished();
  }

  getPeerFinished(): Buffer | undefined {
    return this.#session?.peerFinished();
  }

  /** As `tls.TLSSocket.getEphemeralKeyInfo`: {} without an ephemeral key, null on a server. */
  getEphemeralKeyInfo(): EphemeralKeyInfo | Record<string, never> | null {
    if (this.#sessionBinding === undefined) return null;
    return (this.#session?.ephemeralKey() as EphemeralKeyInfo | undefined) ?? {};
  }

  /**
   * Keys for another protocol (RFC 5705): 1 to 65536 bytes. Throws `ERR_DTLS_STATE` when there is no session, and
   * `ERR_DTLS_OPTION` for a label or length that does not do.
   */
  exportKeyingMaterial(length: number, label: string, context?: Uint8Array): Buffer {
    const session = this.#live('exportKeyingMaterial');
    if (!Number.isInteger(length) || length < 1 || length > 65_536) {
      throw wrongArgument('length', length, `1 to 65536 bytes are to be had, not ${show(length)}`);
    }
    if (typeof label !== 'string' || label === '') throw wrongArgument('label', label, 'a label is a string');
    if (context !== undefined && !isUint8Array(context)) {
      throw wrongArgument('context', context, 'a context is a Uint8Array');
    }
    const material = session.exportKeyingMaterial(length, label, context);
    if (material === undefined) throw wrongArgument('label', label, 'OpenSSL refuses this label');
    return material;
  }

  /**
   * Keys and salts for the negotiated SRTP profile (RFC 5764 section 4.2), as an SRTP library takes them; undefined
   * when no profile was agreed on.
   */
  getSrtpKeys(): SrtpKeys | undefined {
    const profile = this.srtpProfile;
    if (profile === undefined) return undefined;
    return splitSrtpKeys(profile, this.#sessionBinding !== undefined, (length) =>
      this.exportKeyingMaterial(length, 'EXTRACTOR-dtls_srtp'),
    );
  }

  /**
   * As a client: the session, for the option `session` of a later association with the same server. It is as secret as
   * the keys in it. Undefined when it cannot be resumed.
   */
  getSession(): Buffer | undefined {
    if (this.#session === undefined || this.#sessionBinding === undefined) return undefined;
    const der = this.#session.sessionData();
    if (der.length === 0) return undefined;
    return encodeSession(der, this.#session.sessionExpiryS() * 1000, this.#sessionBinding());
  }

  isSessionReused(): boolean {
    return this.#negotiated?.isReused ?? false;
  }

  #live(method: string): Session {
    if (this.#session !== undefined) return this.#session;
    throw new DtlsError('ERR_DTLS_STATE', `${method}: the association is not open; await opened first.`);
  }
}

export { attachSession, detachSession, resizeMessages };

function wrongArgument(option: string, value: unknown, remedy: string): DtlsError {
  return new DtlsError('ERR_DTLS_OPTION', `exportKeyingMaterial: ${remedy}.`, { option, value: shownValue(value) });
}
