import { expect, test } from '@jest/globals';
import { createSecureContext } from '../../lib';
import { Link } from '../support/link';
import { client, openPair, psk, serve } from '../support/pair';

const line = /^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n$/;

test('a client emits keylog with the NSS line of its secrets, before it is open', async () => {
  const link = new Link();
  await serve(link);
  const association = client(link, { keylog: true });
  const lines: string[] = [];
  association.on('keylog', (data) => lines.push(association.state, data.toString()));
  await association.startHandshake().opened;
  expect(lines).toEqual(['handshaking', expect.stringMatching(line)]);
});

test('a server emits keylog with the same line', async () => {
  const link = new Link();
  const server = await serve(link, { keylog: true });
  const association = client(link, { keylog: true });
  const lines: string[] = [];
  for (const emitter of [server, association]) emitter.on('keylog', (data: Buffer) => lines.push(data.toString()));
  await association.startHandshake().opened;
  await link.quiet();
  expect(lines).toEqual([expect.stringMatching(line), expect.stringMatching(line)]);
  expect(lines[1]).toBe(lines[0]);
});

test('keylog comes with a secureContext that was made for it', async () => {
  const link = new Link();
  await serve(link);
  const lines: string[] = [];
  const association = client(link, { secureContext: createSecureContext({ psk, keylog: true }) });
  association.on('keylog', (data) => lines.push(data.toString()));
  await association.startHandshake().opened;
  expect(lines).toEqual([expect.stringMatching(line)]);
});

test('no keylog is emitted unless it was asked for', async () => {
  const link = new Link();
  await serve(link);
  const association = client(link);
  const lines: unknown[] = [];
  association.on('keylog', (data) => lines.push(data));
  await association.startHandshake().opened;
  expect(lines).toEqual([]);
});

test('a line belongs to one association only', async () => {
  const { link } = await openPair({ client: { keylog: true } });
  const lines: string[] = [];
  for (let i = 0; i < 2; i++) {
    const association = client(link, { keylog: true });
    association.on('keylog', (data) => lines.push(data.toString()));
    await association.startHandshake().opened;
  }
  expect(lines).toHaveLength(2);
  expect(lines[0]).not.toBe(lines[1]);
});
