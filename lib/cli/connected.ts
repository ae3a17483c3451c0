import type { DtlsAssociation, HandshakeInfo } from '../index';
import type { Connected } from './events';
import type { Line } from './human';

/** A complete handshake, as an event. */
export function connected(association: DtlsAssociation): Connected {
  const { name, remote, authorized, authorizationError, servername, alpnProtocol, srtpProfile } = association;
  const { durationMs, retransmits } = association.handshake as HandshakeInfo;
  return {
    event: 'connected',
    association: name,
    address: remote.address,
    port: remote.port,
    protocol: association.getProtocol() ?? '',
    cipher: association.getCipher()?.name ?? '',
    identity: association.pskIdentity ?? '',
    ...certificateOf(association),
    authorized,
    ...(authorizationError !== undefined && { authorizationError }),
    ...(servername && { servername }),
    ...(alpnProtocol && { alpn: alpnProtocol }),
    ...(srtpProfile !== undefined && { srtp: srtpProfile }),
    resumed: association.isSessionReused(),
    handshakeMs: roundMs(durationMs),
    retransmits,
  };
}

/** What Qt's examples, which know pre-shared keys only, have no words for. */
export function connectedLines(event: Connected): Line[] {
  const { association, certificate, authorizationError, alpn, srtp, resumed } = event;
  const lines: Line[] = [];
  if (certificate !== undefined || authorizationError !== undefined) {
    const tone = event.authorized ? 'info' : 'warning';
    lines.push({ tone, text: `${association}: ${certificateText(event)}` });
  }
  if (certificate !== undefined || alpn !== undefined || srtp !== undefined || resumed) {
    lines.push({ tone: 'info', text: `${association}: ${sessionText(event)}` });
  }
  return lines;
}

/** The verdict first: the words after it are the peer's own. */
function certificateText({ certificate, authorized, authorizationError }: Connected): string {
  const verdict = authorized ? 'authorized' : `not authorized (${authorizationError})`;
  if (certificate === undefined) return `the peer has no certificate, and is ${verdict}`;
  const { subject, issuer, fingerprint } = certificate;
  return `the peer's certificate is ${verdict}. Subject: ${subject}; issuer: ${issuer}; fingerprint: ${fingerprint}`;
}

function sessionText({ protocol, cipher, servername, alpn, srtp, resumed }: Connected): string {
  return [
    `Session protocol: ${protocol}`,
    `cipher: ${cipher}`,
    ...(servername === undefined ? [] : [`server name: ${servername}`]),
    ...(alpn === undefined ? [] : [`ALPN: ${alpn}`]),
    ...(srtp === undefined ? [] : [`SRTP: ${srtp}`]),
    resumed ? 'resumed' : 'not resumed',
  ].join('; ');
}

function certificateOf(association: DtlsAssociation): Pick<Connected, 'certificate'> {
  const certificate = association.getPeerX509Certificate();
  if (certificate === undefined) return {};
  const { subject, issuer, fingerprint256 } = certificate;
  return {
    certificate: { subject: oneLine(subject), issuer: oneLine(issuer), fingerprint: `sha-256 ${fingerprint256}` },
  };
}

/** Node.js has a name's parts on a line each, and nothing for an empty name. */
function oneLine(name: string | undefined): string {
  return name === undefined ? '(none)' : name.split('\n').join(', ');
}

/** Milliseconds to the microsecond. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
