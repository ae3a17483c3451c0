import { once } from 'node:events';
import { afterEach } from '@jest/globals';
import { type ConnectOptions, createServer, DtlsAssociation, type DtlsServer, type ServerOptions } from '../../lib';
import { Link, type LinkClient } from './link';

export const key = Buffer.from('1a2b3c4d5e6f', 'hex');
export const wrongKey = Buffer.from('f6e5d4c3b2a1', 'hex');
export const psk = { identity: 'alice', key };

/** So that lost datagrams are sent again soon; OpenSSL's clock is the real one. */
export const quick = { retransmit: { initial: 20 } };
/** So that no timer fires during a test. */
export const patient = { retransmit: { initial: 30_000 } };

const toClose: Array<{ close(): Promise<unknown> }> = [];

afterEach(async () => {
  await Promise.all(toClose.splice(0).map((one) => one.close()));
});

/** Closes it when the test is over. */
export function closeLater<T extends { close(): Promise<unknown> }>(one: T): T {
  toClose.push(one);
  return one;
}

export async function serve(link: Link, options: Partial<ServerOptions> = {}): Promise<DtlsServer> {
  const server = closeLater(createServer({ psk: { alice: key }, ...patient, ...options }));
  // Whatever ends an association must not be an unhandled error of the test.
  return server.listen({ transport: link.server });
}

/** A client that has not started yet. */
export function client(link: Link, options: Partial<ConnectOptions> = {}): DtlsAssociation {
  const credentials = options.pskCallback === undefined && options.secureContext === undefined ? { psk } : {};
  return closeLater(new DtlsAssociation({ transport: link.client(), ...credentials, ...patient, ...options }));
}

export interface Pair {
  link: Link;
  server: DtlsServer;
  client: DtlsAssociation;
  /** The server's side of the association. */
  peer: DtlsAssociation;
  transport: LinkClient;
}

/** An open association over a link of its own. */
export async function openPair(
  options: { client?: Partial<ConnectOptions>; server?: Partial<ServerOptions>; link?: Link } = {},
): Promise<Pair> {
  const link = options.link ?? new Link();
  const server = await serve(link, options.server);
  const transport = link.client();
  const association = client(link, { transport, ...options.client });
  const [[peer]] = await Promise.all([
    once(server, 'secureConnection') as Promise<[DtlsAssociation]>,
    association.startHandshake().opened,
  ]);
  return { link, server, client: association, peer, transport };
}

/** The next `count` messages, as text. */
export function messages(association: DtlsAssociation, count: number): Promise<string[]> {
  return new Promise((resolve) => {
    const texts: string[] = [];
    const listener = (data: Buffer): void => {
      if (texts.push(data.toString()) < count) return;
      association.off('message', listener);
      resolve(texts);
    };
    association.on('message', listener);
  });
}

/** Both sides understand each other. */
export async function talk(one: DtlsAssociation, other: DtlsAssociation): Promise<void> {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const arrived = messages(to, 1);
    from.send('are you there?');
    await arrived;
  }
}
