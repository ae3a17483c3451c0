import { once } from 'node:events';
import { expect, jest } from '@jest/globals';
import type {
  CloseInfo,
  ConnectOptions,
  DtlsAssociation,
  ReconnectInfo,
  ReconnectOptions,
  ServerOptions,
} from '../../lib';
import { Link, type Rule } from './link';
import { endpointClient, type LinkEndpoint } from './link-endpoint';
import { type Pair, serve } from './pair';

export const loseAll: Rule = () => [];
/** More than the first delay may be. */
export const FIRST_DELAY_MS = 1250;
const HANDSHAKE_TIMEOUT_MS = 5000;

export interface Coming extends Omit<Pair, 'transport'> {
  endpoint: LinkEndpoint;
  /** What the client has told of its losses and its attempts, in order. */
  told: Array<CloseInfo | ReconnectInfo | string>;
}

/** A client that was open once and will come back. */
export async function openComing({
  reconnect = {},
  client: options,
  server: serverOptions,
}: {
  reconnect?: ReconnectOptions | false;
  client?: Partial<ConnectOptions>;
  server?: Partial<ServerOptions>;
} = {}): Promise<Coming> {
  const link = new Link();
  const server = await serve(link, serverOptions);
  const { client, endpoint } = endpointClient(link, {
    reconnect,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    ...options,
  });
  const told: Coming['told'] = [];
  client.on('disconnect', (info) => told.push(info));
  client.on('reconnecting', (info) => told.push(info));
  client.on('close', (info) => told.push(`closed: ${info.reason}`));
  const [[peer]] = await Promise.all([
    once(server, 'secureConnection') as Promise<[DtlsAssociation]>,
    client.startHandshake().opened,
  ]);
  return { link, server, client, peer, endpoint, told };
}

/** The peer closes, and the client knows. */
export async function lose({ client, peer }: Pick<Coming, 'client' | 'peer'>): Promise<void> {
  const lost = once(client, 'disconnect');
  await peer.close();
  await lost;
}

/** The next attempt succeeds; returns the server's new side. */
export async function comeBack({ server, client }: Pick<Coming, 'server' | 'client'>): Promise<DtlsAssociation> {
  const back = Promise.all([once(server, 'secureConnection'), once(client, 'secureConnect')]);
  jest.advanceTimersByTime(FIRST_DELAY_MS);
  const [[peer]] = (await back) as [[DtlsAssociation], []];
  return peer;
}

/** The attempt that waits is made, and nobody answers it. */
export async function failAttempt({ link, client }: Pick<Coming, 'link' | 'client'>, delayMs: number): Promise<void> {
  jest.advanceTimersByTime(delayMs);
  await link.quiet();
  expect(client.state).toBe('handshaking');
  jest.advanceTimersByTime(HANDSHAKE_TIMEOUT_MS);
  await link.quiet();
}

/** The delay of the attempt that was announced last. */
export function lastDelay({ told }: Pick<Coming, 'told'>): number {
  return (told.at(-1) as ReconnectInfo).delayMs;
}
