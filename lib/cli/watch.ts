import { isIP } from 'node:net';
import { type CloseInfo, type DtlsAssociation, DtlsError, type DtlsServer } from '../index';
import { connected } from './connected';
import type { Report } from './events';

/** Reports what happens to a client's association; `host` is what it was asked to connect to. */
export function watchClient(association: DtlsAssociation, host: string, report: Report): void {
  const { name } = association;
  if (isIP(host) === 0) {
    association.on('lookup', ({ address }) => report({ event: 'lookup', association: name, address }));
  }
  association.on('infoMessage', (message) => report({ event: 'info', association: name, message }));
  association.on('warningMessage', (message) => report({ event: 'warning', association: name, message }));
  association.on('serverResponse', (_name, datagram, data) => {
    report({ event: 'response', association: name, data, datagram });
  });
  association.on('secureConnect', () => report(connected(association)));
  // Most errors are the end, and only with the end comes their code.
  let lastWords: string | undefined;
  association.on('errorMessage', (message) => {
    lastWords = message;
    queueMicrotask(() => {
      if (association.state !== 'open') return;
      report({ event: 'error', association: name, message });
      lastWords = undefined;
    });
  });
  association.on('close', (info) => {
    // Qt's example tells of the peer's close_notify as an error; it is an orderly end.
    const event = info.reason === 'peer' ? 'info' : 'error';
    if (lastWords !== undefined) report({ event, association: name, message: lastWords, ...codeOf(info.error) });
    reportClosed(association, info, report);
  });
}

/** Reports what happens at a server and to its associations. */
export function watchServer(server: DtlsServer, report: Report): void {
  server.on('infoMessage', (message) => report({ event: 'info', message }));
  server.on('warningMessage', (message) => report({ event: 'warning', message }));
  // Instead of `errorMessage`, which has no code, and tells of an orderly end, too.
  server.on('peerError', (error, { address, port }) => {
    const association = `(${address}:${port})`;
    const inHandshake = DtlsError.is(error) && error.handshake !== undefined;
    const message = inHandshake ? error.message : `${association}: ${error.message}`;
    report({ event: 'error', association, message, ...codeOf(error) });
  });
  server.on('datagramReceived', (association, datagram, data) => {
    report({ event: 'message', association, data, datagram });
  });
  server.on('secureConnection', (association) => {
    const { name } = association;
    report(connected(association));
    association.on('close', (info) => {
      if (info.reason === 'peer') {
        report({ event: 'info', association: name, message: `${name}: The DTLS connection has been shutdown` });
      }
      reportClosed(association, info, report);
    });
  });
}

function reportClosed({ name, stats }: DtlsAssociation, { reason, error }: CloseInfo, report: Report): void {
  const why = error === undefined ? {} : { message: error.message };
  report({ event: 'closed', association: name, reason, ...codeOf(error), ...why, stats });
}

function codeOf(error: Error | undefined): { code?: string } {
  return DtlsError.is(error) ? { code: error.code } : {};
}
