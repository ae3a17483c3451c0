import type { Session } from '../../binding';
import type { RemoteAddress } from '../address';
import { DtlsError } from '../errors';
import { diagnose, type HandshakeFailure } from '../handshake/diagnosis';
import type { HandshakeRecorder } from '../handshake/recorder';
import { alertName } from '../handshake/wire';

/** Why a handshake failed, from all that the session and the recorder of its datagrams know. */
export function handshakeFailure(
  role: 'client' | 'server',
  session: Session,
  recorder: HandshakeRecorder,
  peer: RemoteAddress | undefined,
  how: HandshakeFailure['how'],
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
    pskIdentity: session.pskIdentity().toString(),
    thrown: session.takeThrown(),
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
