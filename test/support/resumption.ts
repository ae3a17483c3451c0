import { once } from 'node:events';
import type { ConnectOptions, DtlsAssociation, DtlsServer } from '../../lib';
import { encodeSession } from '../../lib/credentials/session-data';
import { parseConnectOptions } from '../../lib/options/client';
import { certifiedClient } from './certified';
import type { Link } from './link';

export interface Ends {
  client: DtlsAssociation;
  /** The server's side of the association. */
  peer: DtlsAssociation;
}

/** Another association with a server that listens on the link. */
export async function connectTo(link: Link, server: DtlsServer, options: Partial<ConnectOptions>): Promise<Ends> {
  const accepted = once(server, 'secureConnection') as Promise<[DtlsAssociation]>;
  const client = certifiedClient(link, options).startHandshake();
  const [[peer]] = await Promise.all([accepted, client.opened]);
  return { client, peer };
}

/** What the client may offer next time. */
export function sessionOf({ client }: Ends): Buffer {
  const session = client.getSession();
  if (session === undefined) throw new Error('there is no session');
  return session;
}

/** Whether both sides say so. */
export function isResumed({ client, peer }: Ends): boolean {
  if (client.isSessionReused() !== peer.isSessionReused()) throw new Error('the two sides do not agree');
  return client.isSessionReused();
}

/** See session-data.ts. */
export const DER_AT = 49;

/** A session with the label of other options, as a client that means no good would make it. */
export function claimedFor(options: Partial<ConnectOptions>, session: Buffer): Buffer {
  const { sessionBinding } = parseConnectOptions({ port: 1, ...options });
  return encodeSession(session.subarray(DER_AT), Date.now() + 60_000, sessionBinding());
}
