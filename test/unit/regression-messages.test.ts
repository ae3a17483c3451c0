import { expect, test } from '@jest/globals';
import type { DtlsAssociation } from '../../lib';
import { Link } from '../support/link';
import { client, serve } from '../support/pair';

test('the memory of a message cannot be transferred, so that messages of other peers stay as they are', async () => {
  const link = new Link();
  const server = await serve(link);
  const kept: Buffer[] = [];
  server.on('secureConnection', (peer: DtlsAssociation) => peer.on('message', (data) => kept.push(data)));
  const clients = [await client(link).startHandshake().opened, await client(link).startHandshake().opened];
  await link.quiet();
  for (const [i, one] of clients.entries()) one.send(`from client ${i}`);
  await link.quiet();
  const memory = kept[1]?.buffer as ArrayBuffer;
  expect(kept[0]?.buffer).toBe(memory);
  // Node 20 copies what it must not transfer; later versions throw.
  let copy: ArrayBuffer | undefined;
  try {
    copy = structuredClone(memory, { transfer: [memory] });
  } catch (error) {
    expect((error as Error).name).toBe('DataCloneError');
  }
  if (copy !== undefined) expect(copy.byteLength).toBe(memory.byteLength);
  expect(kept.map(String)).toEqual(['from client 0', 'from client 1']);
});
