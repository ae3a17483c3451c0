import { expect } from '@jest/globals';
import type { ConnectOptions, DtlsAssociation, DtlsServer, PskAnswer, ServerOptions } from '../../lib';
import { type Deferred, deferred } from '../../lib/association/deferred';
import { Link, type LinkClient, type Rule } from './link';
import { client, key, psk, serve } from './pair';

/** What a `pskCallback` may answer with, in either role. */
export type Answer = PskAnswer | Uint8Array | null | undefined;

/** A handshake that waits for the promise of one side's `pskCallback`. */
export interface Waiting {
  link: Link;
  server: DtlsServer;
  transport: LinkClient;
  association: DtlsAssociation;
  /** What the callback was asked, each time. */
  asked: string[];
  answer: Deferred<Answer>;
  /** The answer that opens the association. */
  good: Answer;
}

interface Options {
  client?: Partial<ConnectOptions>;
  server?: Partial<ServerOptions>;
  toServer?: Rule;
}

export async function serverWaits(options: Options = {}): Promise<Waiting> {
  const [asked, answer] = [[] as string[], deferred<Answer>()];
  const pskCallback = (identity: string) => {
    asked.push(identity);
    return answer.promise as Promise<Uint8Array>;
  };
  const parts = await start({ ...options, server: { psk: undefined, pskCallback, ...options.server } });
  expect(asked).toHaveLength(1);
  return { ...parts, asked, answer, good: key };
}

export async function clientWaits(options: Options = {}): Promise<Waiting> {
  const [asked, answer] = [[] as string[], deferred<Answer>()];
  const pskCallback = (hint: string) => {
    asked.push(hint);
    return answer.promise as Promise<PskAnswer>;
  };
  const parts = await start({ ...options, client: { pskCallback, ...options.client } });
  expect(asked).toHaveLength(1);
  return { ...parts, asked, answer, good: psk };
}

/** The server's side of the association. */
export function peerOf({ server }: Waiting): DtlsAssociation {
  const [peer] = server.associations;
  if (peer === undefined) throw new Error('the server has no association');
  return peer;
}

async function start(options: Options): Promise<Pick<Waiting, 'link' | 'server' | 'transport' | 'association'>> {
  const link = new Link();
  if (options.toServer !== undefined) link.toServer.rule = options.toServer;
  const server = await serve(link, options.server);
  const transport = link.client();
  const association = client(link, { transport, ...options.client }).startHandshake();
  await link.quiet();
  expect(association.state).toBe('handshaking');
  return { link, server, transport, association };
}
