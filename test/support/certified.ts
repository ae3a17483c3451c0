import { once } from 'node:events';
import type { ConnectOptions, DtlsAssociation, DtlsError, DtlsServer, ServerOptions } from '../../lib';
import { parseRecords, recordName } from '../../lib/handshake/wire';
import { rejected } from './errors';
import { type Lane, Link } from './link';
import { client, openPair, type Pair, serve } from './pair';

/** Options of both sides; without a pre-shared key unless they name one. */
export interface Sides {
  client?: Partial<ConnectOptions>;
  server?: Partial<ServerOptions>;
  link?: Link;
}

const withoutPsk = { psk: undefined };

/** An open association that was made with certificates. */
export function openCertified({ client, server, link }: Sides): Promise<Pair> {
  return openPair({
    client: { ...withoutPsk, ...client },
    server: { ...withoutPsk, ...server },
    ...(link === undefined ? {} : { link }),
  });
}

export function serveCertified(link: Link, options: Partial<ServerOptions>): Promise<DtlsServer> {
  return serve(link, { ...withoutPsk, ...options });
}

/** A client that has not started yet. */
export function certifiedClient(link: Link, options: Partial<ConnectOptions>): DtlsAssociation {
  return client(link, { ...withoutPsk, ...options });
}

export interface Failure {
  link: Link;
  /** What the client says, and what the server says. */
  error: DtlsError;
  peerError: DtlsError;
  /** Names of the records that each side has sent. */
  fromClient: string[];
  fromServer: string[];
}

/** What becomes of a handshake that fails on both sides. */
export async function failing({ client, server, link = new Link() }: Sides): Promise<Failure> {
  const listening = await serveCertified(link, server ?? {});
  const peerErrors = once(listening, 'peerError') as Promise<[DtlsError]>;
  const error = await rejected(certifiedClient(link, client ?? {}).startHandshake().opened);
  const [peerError] = await peerErrors;
  await link.quiet();
  return { link, error, peerError, fromClient: recordNames(link.toServer), fromServer: recordNames(link.toClient) };
}

/** What has been sent, as names of its records; an encrypted handshake message counts as a Finished. */
export function recordNames({ sent }: Pick<Lane, 'sent'>): string[] {
  return sent.flatMap((datagram) => parseRecords(datagram).map(recordName));
}

/** From now on, what a side sends. */
export function sentFromNow(lane: Lane): { readonly sent: Buffer[] } {
  const from = lane.sent.length;
  return {
    get sent() {
      return lane.sent.slice(from);
    },
  };
}
