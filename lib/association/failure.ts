import type { Session } from '../../binding';
import { hostPort, type RemoteAddress } from '../address';
import { DtlsError } from '../errors';
import { diagnose, type HandshakeFailure } from '../handshake/diagnosis';
import type { HandshakeInfo } from '../handshake/info';
import { alertName } from '../handshake/wire';
import type { Refusal } from './checkpoint';
import type { HandshakeParts } from './handshake-parts';

/** Why a handshake failed, from all that the session and the recorder of its datagrams know. */
export function handshakeFailure(
  { role, session, recorder, psk }: HandshakeParts,
  peer: RemoteAddress | undefined,
  how: HandshakeFailure['how'],
  isWaiting: boolean,
): DtlsError {
  return diagnose({
    role,
    peer,
    how,
    info: recorder.info(session.cipherName()),
    finishedSent: recorder.finishedSent,
    wasClean: recorder.wasCleanUntilFinished,
    reason: session.reason(),
    alertReceived: session.alertReceived(),
    alertSent: session.alertSent(),
    pskIdentity: session.pskIdentity(),
    waitedFor: isWaiting ? (psk?.isWaiting ? 'pskCallback' : 'callback') : undefined,
    verifyError: session.verifyError(),
  });
}

/** A handshake that this side ended at one of its checkpoints. */
export function refusalError(refusal: Refusal, peer: RemoteAddress | undefined, handshake: HandshakeInfo): DtlsError {
  const { code, message, alert, cause } = refusal;
  const whom = peer === undefined ? 'the peer' : hostPort(peer.address, peer.port);
  const sentence = `The handshake with ${whom} was refused: ${message}`;
  return new DtlsError(code, sentence.endsWith('.') ? sentence : `${sentence}.`, {
    peer,
    alert: alertName(alert),
    handshake,
    cause,
  });
}

/** Why an open association failed: a fatal alert of the peer, or OpenSSL. */
export function dataFailure(session: Session, peer: RemoteAddress | undefined): DtlsError {
  const reason = session.reason();
  const received = session.alertReceived();
  if (received >= 0) {
    const alert = alertName(received);
    const message = `The peer ended the association with the alert ${alert}.`;
    return new DtlsError('ERR_DTLS_ALERT', message, { peer, alert, reason });
  }
  return new DtlsError('ERR_DTLS_INTERNAL', `OpenSSL failed: ${reason || 'it gave no reason'}.`, { peer, reason });
}

/** So many forgeries that one might have passed (RFC 9147 section 4.5.3). */
export function forgedError(count: number, peer: RemoteAddress | undefined): DtlsError {
  const message = `${count} records failed authentication; somebody forges them, and new keys are needed.`;
  return new DtlsError('ERR_DTLS_FORGED', message, { peer });
}

/** A peer that was asked for a sign of life so many times in vain; `cause` is why it could not be asked. */
export function deadPeerError(peer: RemoteAddress, asked: number, cause: unknown): DtlsError {
  const whom = hostPort(peer.address, peer.port);
  const message = `The peer ${whom} is dead: no message came after ${asked} keep-alives that it should have answered.`;
  return new DtlsError('ERR_DTLS_PEER_DEAD', message, { peer, cause });
}
