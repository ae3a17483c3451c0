import { hostPort, type RemoteAddress } from '../address';
import { usesPsk as isPsk } from '../credentials/ciphers';
import { verifyError, verifySentence } from '../credentials/verify-errors';
import { DtlsError, type DtlsErrorCode, type DtlsErrorDetails } from '../errors';
import type { HandshakeInfo } from './info';
import { Alert, alertName } from './wire';

/** How a handshake ended other than well. */
export interface HandshakeFailure {
  role: 'client' | 'server';
  peer: RemoteAddress | undefined;
  /** Why it ended: OpenSSL failed, the peer closed, the deadline passed, or a wrong key shows itself. */
  how: 'failed' | 'closed' | 'timeout' | 'wrongKey';
  info: HandshakeInfo;
  /** Our Finished is out. */
  finishedSent: boolean;
  /** Nothing seemed lost before that. */
  wasClean: boolean;
  reason: string;
  /** level << 8 | description, -1 for none. */
  alertReceived: number;
  alertSent: number;
  /** As text, "" when none was named yet. */
  pskIdentity: string;
  /** Which of the user's functions has not answered yet. */
  waitedFor: 'pskCallback' | 'callback' | undefined;
  /** OpenSSL's X509_V_ERR number for the peer's chain, 0 for none. */
  verifyError: number;
}

interface Finding {
  code: DtlsErrorCode;
  message: string;
}

/** Turns a failed handshake into the error that users see: a code, and a sentence with the likely cause and cure. */
export function diagnose(failure: HandshakeFailure): DtlsError {
  const { peer, info } = failure;
  const details: DtlsErrorDetails = { handshake: info };
  if (peer !== undefined) details.peer = peer;
  if (failure.reason !== '') details.reason = failure.reason;
  const alert = failure.alertReceived >= 0 ? failure.alertReceived : failure.alertSent;
  if (alert >= 0) details.alert = alertName(alert);
  const { code, message } = find(failure);
  return new DtlsError(code, message.charAt(0).toUpperCase() + message.slice(1), details);
}

function find(failure: HandshakeFailure): Finding {
  if (failure.how === 'wrongKey') return wrongKey(failure);
  // OpenSSL counts timeouts while it reads, too.
  if (failure.how === 'timeout' || failure.reason === 'read timeout expired') return timedOut(failure);
  if (failure.alertReceived >= 0) return refusedByPeer(failure, failure.alertReceived & 0xff);
  if (failure.alertSent >= 0) return refusedByUs(failure, failure.alertSent & 0xff);
  if (failure.how === 'closed') return closed(failure);
  return { code: 'ERR_DTLS_HANDSHAKE', message: `The handshake with ${whom(failure)} failed: ${why(failure)}.` };
}

function wrongKey(failure: HandshakeFailure): Finding {
  return {
    code: 'ERR_DTLS_PSK_MISMATCH',
    message:
      `The pre-shared keys differ: ${whom(failure)} and this side agreed on everything up to the Finished message, ` +
      `which never authenticates. Check that both hold the same key for ${identity(failure)}.`,
  };
}

function timedOut(failure: HandshakeFailure): Finding {
  const { info, role, waitedFor } = failure;
  const seconds = `${(info.durationMs / 1000).toFixed(1)} s`;
  const code: DtlsErrorCode = 'ERR_DTLS_HANDSHAKE_TIMEOUT';
  if (waitedFor !== undefined) {
    const who = waitedFor === 'pskCallback' ? 'the pskCallback' : 'a callback of this side';
    return { code, message: `The handshake with ${whom(failure)} took ${seconds}, waiting for ${who} to answer.` };
  }
  if (usesPsk(info) && failure.finishedSent && role === 'client') {
    const behaved = info.repeatsReceived > 0 ? 'repeated its flight' : 'fell silent';
    return {
      // On a path that loses datagrams the silence may be just that.
      code: failure.wasClean ? 'ERR_DTLS_PSK_MISMATCH' : code,
      message:
        `${whom(failure)} ${behaved} after our Finished message for ${seconds}: most likely the pre-shared keys for ` +
        `${identity(failure)} differ (such a Finished is dropped without a word), else the path broke just then.`,
    };
  }
  if (info.datagramsReceived === 0) {
    return {
      code,
      message:
        `Nothing came back from ${whom(failure)} in ${seconds}: check the address and the port, and that no firewall ` +
        'drops UDP on the way.',
    };
  }
  if (info.lastReceived === undefined) {
    return {
      code,
      message: `${whom(failure)} answers, but with something that is no DTLS, for ${seconds}: check the port and what serves it.`,
    };
  }
  if (info.lastReceived === 'HelloVerifyRequest') {
    return {
      code,
      message:
        `${whom(failure)} answered the first ClientHello and not the second, for ${seconds}: either the larger second ` +
        'one is lost on the way (try a smaller mtu or fewer ciphers), or the cookie is not accepted (a server ' +
        'cluster whose members do not share their cookie secret, or an address that changes between datagrams), or the ' +
        'server has no suite in common with this side and does not say so.',
    };
  }
  return {
    code,
    message:
      `The handshake with ${whom(failure)} did not complete in ${seconds}: last sent ${info.lastSent}, last received ` +
      `${info.lastReceived}, ${info.retransmits} retransmissions. The path loses datagrams, perhaps only large ones ` +
      '(try a smaller mtu), or the peer stopped.',
  };
}

function refusedByPeer(failure: HandshakeFailure, alert: number): Finding {
  const { info, finishedSent } = failure;
  const said = `${whom(failure)} ended the handshake with the alert ${alertName(alert)}`;
  switch (alert) {
    case Alert.UnknownPskIdentity:
      return { code: 'ERR_DTLS_PSK_UNKNOWN', message: `${said}: it has no key for ${identity(failure)}.` };
    case Alert.ProtocolVersion:
      return { code: 'ERR_DTLS_VERSION', message: `${said}: it does not speak the protocol version of this side.` };
    case Alert.NoApplicationProtocol:
      return { code: 'ERR_DTLS_ALPN', message: `${said}: it has none of the ALPNProtocols of this side.` };
    case Alert.UnrecognizedName:
      return { code: 'ERR_DTLS_HANDSHAKE', message: `${said}: it does not serve the name that was asked for.` };
    case Alert.BadCertificate:
    case Alert.UnsupportedCertificate:
    case Alert.CertificateRevoked:
    case Alert.CertificateExpired:
    case Alert.CertificateUnknown:
    case Alert.UnknownCa:
    case Alert.AccessDenied:
      return { code: 'ERR_DTLS_HANDSHAKE', message: `${said}: it does not accept the certificate of this side.` };
    case Alert.BadRecordMac:
    case Alert.DecryptionFailed:
    case Alert.DecryptError:
      if (usesPsk(info)) return wrongKey(failure);
      break;
    case Alert.CloseNotify:
      return closed(failure);
    case Alert.HandshakeFailure:
    case Alert.InsufficientSecurity:
      if (info.cipher === undefined) return noSharedCipher(failure, said);
      if (failure.role === 'client' && !usesPsk(info)) {
        return { code: 'ERR_DTLS_HANDSHAKE', message: `${said}: perhaps it wants a certificate; see cert and key.` };
      }
      break;
    case Alert.IllegalParameter:
    case Alert.InternalError:
      if (usesPsk(info) && finishedSent) {
        return {
          code: 'ERR_DTLS_HANDSHAKE',
          message: `${said}, as some servers do when they have no key for ${identity(failure)}.`,
        };
      }
      break;
  }
  return { code: 'ERR_DTLS_HANDSHAKE', message: `${said}${failure.reason === '' ? '' : ` (${failure.reason})`}.` };
}

function refusedByUs(failure: HandshakeFailure, alert: number): Finding {
  if (alert === Alert.UnknownPskIdentity) {
    return {
      code: 'ERR_DTLS_PSK_UNKNOWN',
      message: `${whom(failure)} named ${identity(failure)}, for which neither psk nor pskCallback has a key.`,
    };
  }
  if (failure.reason === 'certificate verify failed') return untrusted(failure);
  if (failure.reason === 'peer did not return a certificate') {
    return { code: 'ERR_DTLS_CERT_MISSING', message: `${whom(failure)} has no certificate, and one is required.` };
  }
  if (alert === Alert.NoApplicationProtocol) {
    return {
      code: 'ERR_DTLS_ALPN',
      message: `${whom(failure)} offers no application protocol that this side has; see ALPNProtocols.`,
    };
  }
  if (alert === Alert.ProtocolVersion || failure.reason === 'unsupported protocol') {
    return {
      code: 'ERR_DTLS_VERSION',
      message: `${whom(failure)} does not speak a protocol version that this side allows; see minVersion.`,
    };
  }
  if (failure.reason === 'no shared cipher') {
    return noSharedCipher(failure, `The handshake with ${whom(failure)} ended with the alert ${alertName(alert)}`);
  }
  if (/psk identity not found|bad psk/.test(failure.reason)) {
    return {
      code: 'ERR_DTLS_PSK_UNKNOWN',
      message: `The pskCallback gave no credentials for ${whom(failure)}, so the handshake ended.`,
    };
  }
  return {
    code: 'ERR_DTLS_HANDSHAKE',
    message: `The handshake with ${whom(failure)} failed: ${why(failure)} (alert ${alertName(alert)} sent).`,
  };
}

function untrusted(failure: HandshakeFailure): Finding {
  const { name, code } = verifyError(failure.verifyError);
  return { code, message: `The certificate of ${whom(failure)} is refused (${name}): ${verifySentence(name)}` };
}

function noSharedCipher(failure: HandshakeFailure, said: string): Finding {
  const { ciphers } = failure.info;
  const kinds = [
    ...(ciphers.some(isPsk) ? ['pre-shared keys'] : []),
    ...(!ciphers.every(isPsk) ? ['certificates, of a type of key that the suites name'] : []),
  ];
  return {
    code: 'ERR_DTLS_NO_SHARED_CIPHER',
    message:
      `${said}: the two sides have no cipher suite in common. This side has ${ciphers.join(', ')}; see the ciphers ` +
      `option, and check that the peer is set up for ${kinds.join(', or for ')}.`,
  };
}

function closed(failure: HandshakeFailure): Finding {
  if (usesPsk(failure.info) && failure.finishedSent) return wrongKey(failure);
  return { code: 'ERR_DTLS_CLOSED', message: `${whom(failure)} closed the association during the handshake.` };
}

function usesPsk(info: HandshakeInfo): boolean {
  return info.cipher !== undefined && isPsk(info.cipher);
}

function why({ reason }: HandshakeFailure): string {
  return reason === '' ? 'OpenSSL gave no reason' : reason;
}

function identity({ pskIdentity }: HandshakeFailure): string {
  return pskIdentity === '' ? 'the identity in use' : `the identity ${JSON.stringify(pskIdentity)}`;
}

function whom({ peer, role }: HandshakeFailure): string {
  const kind = role === 'client' ? 'server' : 'client';
  if (peer === undefined) return `the ${kind}`;
  return `the ${kind} ${hostPort(peer.address, peer.port)}`;
}
