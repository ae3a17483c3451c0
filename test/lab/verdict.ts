import type { DtlsErrorCode } from '../../lib';
import type { Outcome } from './trial';

/** The codes with which either side may end by an alert, whoever sends it. */
const CODES: Readonly<Record<string, readonly DtlsErrorCode[]>> = {
  unexpected_message: ['ERR_DTLS_HANDSHAKE'],
  illegal_parameter: ['ERR_DTLS_HANDSHAKE'],
  decode_error: ['ERR_DTLS_HANDSHAKE'],
  internal_error: ['ERR_DTLS_HANDSHAKE'],
  unsupported_extension: ['ERR_DTLS_HANDSHAKE'],
  handshake_failure: ['ERR_DTLS_HANDSHAKE', 'ERR_DTLS_NO_SHARED_CIPHER', 'ERR_DTLS_CERT_MISSING'],
  bad_certificate: ['ERR_DTLS_HANDSHAKE', 'ERR_DTLS_CERT_UNTRUSTED'],
  unsupported_certificate: ['ERR_DTLS_HANDSHAKE', 'ERR_DTLS_CERT_UNTRUSTED'],
  unknown_ca: ['ERR_DTLS_HANDSHAKE', 'ERR_DTLS_CERT_UNTRUSTED'],
  // Of a signature in a certificate; of a key exchange; of a Finished.
  decrypt_error: ['ERR_DTLS_HANDSHAKE', 'ERR_DTLS_CERT_UNTRUSTED', 'ERR_DTLS_PSK_MISMATCH'],
  protocol_version: ['ERR_DTLS_VERSION'],
  unknown_psk_identity: ['ERR_DTLS_PSK_UNKNOWN'],
  bad_record_mac: ['ERR_DTLS_PSK_MISMATCH'],
};

/**
 * One word for an outcome:
 *
 * - "opens"; or "opens at the second hello": the server gave up on the damaged one
 * - "refused: ALERT": both sides end with it, with the codes that go with it
 * - "refused": the client does, before the server has anybody; or, a client's damaged ticket, when it cannot tell any
 * more
 * - "times out": no more than that is known; the client's deadline is over, perhaps not the server's handshake
 * - "looks like a wrong key": the same, where a pre-shared key may be the reason
 * - "opens for the client alone": a resumed session's last flight never arrives, which only the server knows
 */
export function verdictOf(outcome: Outcome): string {
  const { client, server, clientAlert, serverAlert } = outcome;
  const ends = `${short(client)} / ${short(server)}`;
  if (outcome.talks && client === 'open' && server === 'open') return 'opens';
  if (outcome.talks && ends === 'open / HANDSHAKE + open') return 'opens at the second hello';
  const alert = clientAlert ?? serverAlert;
  if (alert !== undefined && isRefusal(outcome, alert)) return `refused: ${alert}`;
  if (alert === undefined && (ends === 'HANDSHAKE / nobody' || ends === 'HANDSHAKE / open')) return 'refused';
  if (alert === undefined && /^HANDSHAKE_TIMEOUT \/ (HANDSHAKE_TIMEOUT|nobody|open)$/.test(ends)) return 'times out';
  if (alert === undefined && /^PSK_MISMATCH \/ (HANDSHAKE_TIMEOUT|open)$/.test(ends)) return 'looks like a wrong key';
  if (alert === undefined && ends === 'open / HANDSHAKE_TIMEOUT') return 'opens for the client alone';
  return `${ends}, alerts ${clientAlert} and ${serverAlert}`;
}

function isRefusal({ client, server, clientAlert, serverAlert }: Outcome, alert: string): boolean {
  // Who finds the fault without a word of OpenSSL's has no alert to tell of, nor has who is asked by nobody.
  const isSame = [clientAlert, serverAlert].every((each) => each === alert || each === undefined);
  const codes: readonly string[] = CODES[alert] ?? [];
  const isCode = (end: string) => codes.includes(end);
  // The last flight may have made one side open already: it hears of it by an encrypted alert.
  const clientKnows = isCode(client) || client === 'open, then ERR_DTLS_ALERT';
  const serverKnows = isCode(server) || server === 'open + ERR_DTLS_ALERT' || server === 'nobody';
  return isSame && clientKnows && serverKnows;
}

function short(end: string): string {
  return end.replaceAll('ERR_DTLS_', '');
}
