import { expect } from '@jest/globals';
import type { DtlsAssociation } from '../../../lib';
import { text } from './ours';
import type { PeerProcess } from './process';

const FROM_US = 'from our client\n';
const FROM_THEM = 'from the server\n';

/** Messages both ways between our client and a server that prints what it gets and sends what is typed. */
export async function talkTo(server: PeerProcess, client: DtlsAssociation): Promise<void> {
  client.send(FROM_US);
  await server.says(/^from our client$/m);
  server.type(FROM_THEM.trimEnd());
  expect(await text(client, FROM_THEM.length)).toBe(FROM_THEM);
}

/** As `talkTo`, with a server that sends every message back. */
export async function talkToEcho(client: DtlsAssociation): Promise<void> {
  client.send(FROM_US);
  expect(await text(client, FROM_US.length)).toBe(FROM_US);
}

/** Messages both ways between a client that sends what is typed and prints what it gets, and our server. */
export async function letTalk(client: PeerProcess): Promise<void> {
  client.type('from their client');
  await client.says(/^from their client$/m);
}
