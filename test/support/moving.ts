import type { DtlsAssociation, RemoteAddress } from '../../lib';
import type { Link, LinkClient } from './link';
import { client, type Pair } from './pair';
import { record, Type } from './wire';

/** Where a device is found when its port has changed. */
export const newPort = 61_000;

export type Device = Pick<Pair, 'link' | 'transport' | 'client' | 'peer'>;

/** The NAT gives the device another port, or the network another address. */
export function rebind(
  { transport }: { transport: LinkClient },
  change: Partial<RemoteAddress> = { port: newPort },
): void {
  transport.address = { ...transport.address, ...change };
}

/** The datagrams of messages that the device sends, which do not arrive. */
export function unsent({ link, client }: Pick<Pair, 'link' | 'client'>, ...texts: string[]): Buffer[] {
  const { rule } = link.toServer;
  link.toServer.rule = () => [];
  for (const text of texts) client.send(text);
  link.toServer.rule = rule;
  return link.toServer.sent.slice(-texts.length);
}

/** The texts of all messages from now on. */
export function texts(association: DtlsAssociation): string[] {
  const list: string[] = [];
  association.on('message', (data) => list.push(data.toString()));
  return list;
}

/** Where the server sends to from now on. */
export function destinations({ server }: Link): number[] {
  const ports: number[] = [];
  const { send } = server;
  server.send = (datagram, to) => {
    ports.push(to.port);
    return send(datagram, to);
  };
  return ports;
}

/** Another device of the address, with its association at the server. */
export async function neighbour({ link, server }: Pick<Pair, 'link' | 'server'>, address?: string): Promise<Device> {
  const transport = link.client();
  if (address !== undefined) rebind({ transport }, { address });
  const association = await client(link, { transport }).startHandshake().opened;
  await link.quiet();
  return { link, transport, client: association, peer: [...server.associations].at(-1) as DtlsAssociation };
}

/** A record of this number that is nobody's. */
export const forged = (sequence: number): Buffer =>
  record(Type.applicationData, Buffer.alloc(60, 7), { epoch: 1, sequence });
