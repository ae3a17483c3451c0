import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { DtlsAssociation } from '../../lib';
import { Network } from '../../lib/testing';

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

/** The same of an object of dtls-association/testing, whose class is in `file`: with its fields, without what is internal. */
function publicMembersOf(one: object, file: string): string[] {
  const source = readFileSync(path.join(__dirname, '../../lib/testing', file), 'utf8');
  const internal = [...source.matchAll(/^ {2}\/\*\* @internal.*\*\/\n {2}(?:get |readonly )?(\w+)/gm)];
  const members = [...Object.keys(one), ...membersOf(one.constructor).map(String)];
  return members.filter((member) => !internal.some(([, name]) => name === member));
}

/** What users may call, read and assign of a network, by what its objects are called. */
export function networkMembers(): Readonly<Record<'network' | 'lane' | 'client', string[]>> {
  const network = new Network();
  return {
    network: publicMembersOf(network, 'network.ts'),
    lane: publicMembersOf(network.toServer, 'lane.ts'),
    client: publicMembersOf(network.client(), 'network-client.ts'),
  };
}
