import { isIP } from 'node:net';
import { type CloseInfo, type DtlsAssociation, DtlsError, type DtlsServer, type HandshakeInfo } from '../index';
import type { Report } from './events';

/** Reports what happens to a client's association; `host` is what it was asked to connect to. */
export function watchClient(association: DtlsAssociation, host: string, report: Report): void {
  const { name } = association;
  let failure: Error | undefined;
  association.on('error', (error) => {
    failure = error;
  });
  if (isIP(host) === 0) {
    association.on('lookup', ({ address }) => report({ event: 'lookup', association: name, address }));
  }
  association.on('infoMessage', (message) => report({ event: 'info', association: name, message }));
  association.on('warningMessage', (message) => report({ event: 'warning', association: name, message }));
  association.on('errorMessage', (message) => {
    // The error that a text tells of is emitted right after it; without one, the peer has closed in good order.
    queueMicrotask(() => {
      const closedByPeer = failure === undefined && association.state !== 'open';
      report({ event: closedByPeer ? 'info' : 'error', association: name, message, ...codeOf(failure) });
    });
  });
  association.on('serverResponse', (_name, datagram, data) => {
    report({ event: 'response', association: name, data, datagram });
  });
  association.on('secureConnect', () => reportConnected(association, report));
  association.on('close', (info) => reportClosed(association, info, report));
}

/** Reports what happens at a server and to its associations. */
export function watchServer(server: DtlsServer, report: Report): void {
  let failure: { error: Error; association: string } | undefined;
  server.on('infoMessage', (message) => report({ event: 'info', message }));
  server.on('warningMessage', (message) => report({ event: 'warning', message }));
  server.on('peerError', (error, peer) => {
    failure = { error, association: `(${peer.address}:${peer.port})` };
  });
  server.on('errorMessage', (message) => {
    queueMicrotask(() => {
      if (failure === undefined) report({ event: 'info', message });
      else report({ event: 'error', association: failure.association, message, ...codeOf(failure.error) });
      failure = undefined;
    });
  });
  server.on('datagramReceived', (association, datagram, data) => {
    report({ event: 'message', association, data, datagram });
  });
  server.on('secureConnection', (association) => {
    reportConnected(association, report);
    association.on('close', (info) => reportClosed(association, info, report));
  });
}

function reportConnected(association: DtlsAssociation, report: Report): void {
  const { name, remote } = association;
  const { durationMs, retransmits } = association.handshake as HandshakeInfo;
  report({
    event: 'connected',
    association: name,
    address: remote.address,
    port: remote.port,
    protocol: association.getProtocol() ?? '',
    cipher: association.getCipher()?.name ?? '',
    identity: association.pskIdentity ?? '',
    handshakeMs: roundMs(durationMs),
    retransmits,
  });
}

function reportClosed({ name, stats }: DtlsAssociation, { reason, error }: CloseInfo, report: Report): void {
  const why = error === undefined ? {} : { message: error.message };
  report({ event: 'closed', association: name, reason, ...codeOf(error), ...why, stats });
}

/** Milliseconds to the microsecond. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function codeOf(error: Error | undefined): { code?: string } {
  return DtlsError.is(error) ? { code: error.code } : {};
}
