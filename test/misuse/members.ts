import { EventEmitter } from 'node:events';
import type { DtlsAssociation } from '../../lib';

/** What users may call and read, of a class and what it extends short of EventEmitter. */
export function membersOf({ prototype }: { prototype: object }): Array<string | symbol> {
  const members: Array<string | symbol> = [];
  for (let level = prototype; level !== EventEmitter.prototype && level !== Object.prototype; ) {
    members.push(...Reflect.ownKeys(level).filter((name) => name !== 'constructor'));
    level = Object.getPrototypeOf(level);
  }
  return members;
}

/** Each member of an association, as it is used rightly. */
export const ASSOCIATION: Readonly<Record<string | symbol, (association: DtlsAssociation) => unknown>> = {
  name: (one) => one.name,
  stats: (one) => one.stats,
  role: (one) => one.role,
  state: (one) => one.state,
  remote: (one) => one.remote,
  opened: (one) => one.opened,
  closed: (one) => one.closed,
  handshake: (one) => one.handshake,
  enableTrace: (one) => one.enableTrace(),
  startHandshake: (one) => one.startHandshake(),
  send: (one) => one.send('text'),
  close: (one) => one.close(),
  destroy: (one) => one.destroy(new Error('enough')),
  ref: (one) => one.ref(),
  unref: (one) => one.unref(),
  [Symbol.asyncIterator]: (one) => one[Symbol.asyncIterator](),
  [Symbol.asyncDispose]: (one) => one[Symbol.asyncDispose](),
  maxPayload: (one) => one.maxPayload,
  pskIdentity: (one) => one.pskIdentity,
  authorized: (one) => one.authorized,
  authorizationError: (one) => one.authorizationError,
  alpnProtocol: (one) => one.alpnProtocol,
  servername: (one) => one.servername,
  srtpProfile: (one) => one.srtpProfile,
  extendedMasterSecret: (one) => one.extendedMasterSecret,
  getCipher: (one) => one.getCipher(),
  getProtocol: (one) => one.getProtocol(),
  getPeerCertificate: (one) => one.getPeerCertificate(true),
  getPeerX509Certificate: (one) => one.getPeerX509Certificate(),
  getPeerPublicKey: (one) => one.getPeerPublicKey(),
  getCertificate: (one) => one.getCertificate(),
  getX509Certificate: (one) => one.getX509Certificate(),
  getFinished: (one) => one.getFinished(),
  getPeerFinished: (one) => one.getPeerFinished(),
  getEphemeralKeyInfo: (one) => one.getEphemeralKeyInfo(),
  exportKeyingMaterial: (one) => one.exportKeyingMaterial(16, 'EXPORTER-test'),
  getSrtpKeys: (one) => one.getSrtpKeys(),
  getSession: (one) => one.getSession(),
  isSessionReused: (one) => one.isSessionReused(),
};

/** Those that change something, or need a session: the order of these matters. */
export const VERBS = [
  ...['startHandshake', 'send', 'close', 'destroy', 'ref', 'unref', 'enableTrace', 'exportKeyingMaterial'],
  ...['getSession', 'getPeerCertificate', Symbol.asyncIterator, Symbol.asyncDispose],
] as const;
