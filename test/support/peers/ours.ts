import { type EventEmitter, once } from 'node:events';
import {
  type ConnectOptions,
  connect,
  createServer,
  type DtlsAssociation,
  type DtlsError,
  type DtlsServer,
  type ServerOptions,
} from '../../../lib';
import { rejected } from '../errors';
import { IDENTITY, KEY } from './credentials';
import { WAIT_MS } from './process';

const DEFAULTS = {
  /** So that a lost datagram is sent again soon; peers wait for 1 s. */
  retransmit: { initial: 100 },
  /** The bound of a handshake, as of every other wait. */
  handshakeTimeout: WAIT_MS,
};

/** With one of these there is no need for the pre-shared key. */
const CREDENTIALS = ['pskCallback', 'ca', 'cert', 'verifyFingerprint', 'rawPublicKey'] as const;

function needsKey(options: Partial<ConnectOptions> | ServerOptions): boolean {
  return CREDENTIALS.every((name) => options[name] === undefined);
}

/** Our client, open; by default with the pre-shared key. */
export function connectTo(port: number, options: Partial<ConnectOptions> = {}): Promise<DtlsAssociation> {
  const credentials = needsKey(options) ? { psk: { identity: IDENTITY, key: KEY } } : {};
  return connect({ host: '127.0.0.1', port, ...DEFAULTS, ...credentials, ...options });
}

/** Why our client cannot open an association. */
export function failureOf(port: number, options: Partial<ConnectOptions> = {}): Promise<DtlsError> {
  return rejected(connectTo(port, options));
}

/**
 * With these a server that falls silent is soon suspected to have another key. Only when nothing was lost
 * before: no flight may be repeated because a peer is slow.
 */
export const SILENCE = { handshakeTimeout: 2500, retransmit: { initial: 2000 } };

export type ListeningServer = DtlsServer & { readonly port: number };

/** Our server, on a port of its own, by default with the pre-shared key; it sends every message back. */
export async function serve(options: ServerOptions = {}): Promise<ListeningServer> {
  const credentials = needsKey(options) ? { psk: { [IDENTITY]: KEY } } : {};
  const server = createServer({ ...DEFAULTS, ...credentials, ...options }, (association) => {
    association.on('message', (data) => association.send(data));
  });
  await server.listen({ port: 0, address: '127.0.0.1' });
  return Object.assign(server, { port: server.address()?.port as number });
}

/** The arguments of the next event of this name. */
// biome-ignore lint/suspicious/noExplicitAny: as node:events has it; the caller knows the event
export function next<T extends any[]>(emitter: EventEmitter<any>, event: string): Promise<T> {
  return once(emitter, event, { signal: AbortSignal.timeout(WAIT_MS) }) as Promise<T>;
}

/** The next association of our server. */
export async function accepted(server: DtlsServer): Promise<DtlsAssociation> {
  const [association] = await next<[DtlsAssociation]>(server, 'secureConnection');
  return association;
}

/** What our server reports about the next peer that fails. */
export async function refused(server: DtlsServer): Promise<DtlsError> {
  const [error] = await next<[DtlsError]>(server, 'peerError');
  return error;
}

/**
 * The next messages as one text of so many characters: peers that read a stream may join or divide them. Call it
 * before the peer can answer.
 */
export async function text(association: DtlsAssociation, length: number): Promise<string> {
  let received = '';
  const bound = setTimeout(() => association.destroy(new Error(`received only "${received}"`)), WAIT_MS);
  try {
    for await (const data of association) {
      received += data.toString();
      if (received.length >= length) break;
    }
  } finally {
    clearTimeout(bound);
  }
  return received;
}
