import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import {
  publishAlert,
  publishDrop,
  publishHandshake,
  publishMigration,
  publishRetransmission,
  publishServerDrop,
} from '../../lib/diagnostics';
import { newAssociationStats, newServerStats } from '../../lib/stats';

const ROOT = path.join(__dirname, '../..');
const fleets = readFileSync(path.join(ROOT, 'docs/fleets.md'), 'utf8');

/** The rows of the table whose first heading this is, as cells. */
function table(heading: string): string[][] {
  const [, body = ''] = fleets.split(`\n| ${heading} |`);
  const [lines = ''] = body.split('\n\n');
  const rows = lines.trimEnd().split('\n').slice(2);
  return rows.map((row) => row.split('|').slice(1, -1));
}

/** The names in a cell: what it has in backticks, word by word. */
function names(cell = ''): string[] {
  return [...cell.matchAll(/`([^`]*)`/g)].flatMap(([, code = '']) => code.match(/[\w:-]+/g) ?? []);
}

test.each([
  ['`server.stats`', newServerStats()],
  ['`association.stats`', newAssociationStats()],
])('the table of %s has every counter, and no other', (heading, stats) => {
  const counters = table(heading).flatMap(([cell]) => names(cell));
  expect(counters.sort()).toEqual(Object.keys(stats).sort());
});

test('every reason for a drop or a refusal is told', () => {
  const told = ['limit', '`server.stats`', '`association.stats`'].flatMap(table).flat().flatMap(names);
  const reasons = [newServerStats().refused, newServerStats().dropped, newAssociationStats().dropped];
  expect(told).toEqual(expect.arrayContaining(reasons.flatMap(Object.keys)));
});

/** The fields of all messages of each channel in lib/diagnostics.ts, as `publish` makes them. */
function channelFields(publish: () => void): Map<string, string[]> {
  const source = readFileSync(path.join(ROOT, 'lib/diagnostics.ts'), 'utf8');
  const channels = [...source.matchAll(/channel\('(.*?)'\)/g)].map((match) => match[1] as string);
  const fields = new Map<string, string[]>(channels.map((channel) => [channel, []]));
  const onMessage = (message: unknown, channel: string | symbol) => {
    fields.get(channel as string)?.push(...Object.keys(message as object));
  };
  for (const channel of channels) subscribe(channel, onMessage);
  publish();
  for (const channel of channels) unsubscribe(channel, onMessage);
  return fields;
}

test('the table of channels has every one with the fields of its messages, and no other', () => {
  const [association, server, address] = [{} as never, {} as never, {} as never];
  const fields = channelFields(() => {
    publishHandshake(association, undefined, undefined);
    publishRetransmission(association);
    publishDrop(association, 'forged');
    publishServerDrop(server, 'stray', address);
    publishAlert(association, 'sent', 0);
    publishMigration(association, address, address);
  });
  const rows = table('channel').map(([channel, message]) => [names(channel)[0], names(message)]);
  expect(rows).toEqual([...fields]);
});
