import { expect, test } from '@jest/globals';
import type { DtlsError } from '../../lib';
import { type DrainOptions, parseDrainOptions } from '../../lib/options/drain';
import { rejected, thrown } from '../support/errors';
import { Link } from '../support/link';
import { client, serve } from '../support/pair';

const refusal = (options: unknown): DtlsError => thrown(() => parseDrainOptions(options as DrainOptions));

test('defaults are those of the documentation', () => {
  expect(parseDrainOptions({})).toEqual({ idleForMs: 1000, deadlineMs: 30_000 });
});

test('what is given is taken', () => {
  expect(parseDrainOptions({ idleFor: 1, deadline: 0 })).toEqual({ idleForMs: 1, deadlineMs: 0 });
  const longest = 2 ** 31 - 1;
  expect(parseDrainOptions({ idleFor: longest, deadline: longest })).toEqual({
    idleForMs: longest,
    deadlineMs: longest,
  });
});

test.each<[string, unknown]>([
  ['idleFor', 0],
  ['idleFor', 1.5],
  ['idleFor', 2 ** 31],
  ['idleFor', '1000'],
  ['deadline', -1],
  ['deadline', 2 ** 31],
  ['deadline', null],
])('%s: %p is refused by name', (option, value) => {
  expect(refusal({ [option]: value })).toMatchObject({ code: 'ERR_DTLS_OPTION', option, value });
});

test('a misspelt option is refused with the nearest name', () => {
  expect(refusal({ idle: 5 }).message).toContain('did you mean idleFor?');
  expect(refusal({ deadlineMs: 5 }).message).toContain('did you mean deadline?');
});

test('no object is refused', () => {
  expect(refusal(1000)).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'drain' });
});

test('drain rejects with it, and the server goes on as it was', async () => {
  const link = new Link();
  const server = await serve(link);
  expect(await rejected(server.drain({ idleFor: 0 }))).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'idleFor' });
  await client(link).startHandshake().opened;
});
