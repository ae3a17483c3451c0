import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { DtlsAssociation } from '../../lib/association/association';
import { PacketCapture } from '../../lib/capture/packet-capture';
import { DtlsError } from '../../lib/errors';
import { parseConnectOptions } from '../../lib/options/client';
import { parseListenOptions, parseServerOptions } from '../../lib/options/server';
import { createSecureContext } from '../../lib/secure-context';
import { DtlsServer } from '../../lib/server/server';
import * as testing from '../../lib/testing';
import { networkMembers } from '../misuse/members';

const ROOT = path.join(__dirname, '../..');
const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
const errors = readFileSync(path.join(ROOT, 'docs/errors.md'), 'utf8');
const options = readFileSync(path.join(ROOT, 'docs/options.md'), 'utf8');

/** The options that a parser knows, from its refusal of one that it does not. */
function optionsOf(parse: (options: never) => unknown): string[] {
  try {
    parse({ noSuchOption: 1 } as never);
  } catch (error) {
    if (!DtlsError.is(error)) throw error;
    return /Known are (.*)\./.exec(error.message)?.[1]?.split(', ') ?? [];
  }
  throw new Error('an unknown option was accepted');
}

test.each([
  ['connect', optionsOf(parseConnectOptions)],
  ['createServer', optionsOf(parseServerOptions)],
  ['listen', optionsOf(parseListenOptions)],
  ['createSecureContext', optionsOf(createSecureContext)],
])('docs/options.md knows every option of %s', (_name, names) => {
  expect(names.length).toBeGreaterThan(2);
  const mentioned = new Set([...options.matchAll(/[A-Za-z0-9]+/g)].map(([word]) => word));
  expect(names.filter((name) => !mentioned.has(name))).toEqual([]);
});

test('every option in the tables of the README and of docs/options.md is one', () => {
  const known = new Set(
    [parseConnectOptions, parseServerOptions, parseListenOptions, createSecureContext].flatMap(optionsOf),
  );
  const tables = `${options}${/## Options(.*?)## /s.exec(readme)?.[1]}`;
  const cells = [...tables.matchAll(/^\| (`.*?) \|/gm)].map((match) => match[1] as string);
  const names = cells.flatMap((cell) => [...cell.matchAll(/`(\w+)/g)].map((match) => match[1] as string));
  expect(names.length).toBeGreaterThan(known.size);
  expect(names.filter((name) => !known.has(name))).toEqual([]);
});

/** What users may call and read, of a class and what it extends short of EventEmitter. */
function membersOf({ prototype }: { prototype: object }): string[] {
  const members: string[] = [];
  for (let level = prototype; level !== EventEmitter.prototype; level = Object.getPrototypeOf(level)) {
    members.push(...Object.getOwnPropertyNames(level).filter((name) => name !== 'constructor'));
  }
  return members;
}

test.each([
  ['DtlsAssociation', DtlsAssociation],
  ['DtlsServer', DtlsServer],
  ['PacketCapture', PacketCapture],
])('the README knows every member of %s', (_name, type) => {
  expect(membersOf(type).filter((name) => !new RegExp(`[\`.]${name}[\`(]`).test(readme))).toEqual([]);
});

function declaredCodes(): string[] {
  const source = readFileSync(path.join(ROOT, 'lib/errors.ts'), 'utf8');
  return /export type DtlsErrorCode =([^;]*);/.exec(source)?.[1]?.match(/ERR_DTLS_[A-Z_]+|ABORT_ERR/g) ?? [];
}

test('docs/errors.md knows every error code, and no other', () => {
  const declared = declaredCodes();
  const documented = [...errors.matchAll(/^\| `([A-Z_]+)`/gm)].map((match) => match[1] as string);
  expect(documented.sort()).toEqual(declared.sort());
});

test('the README knows every error code', () => {
  const declared = declaredCodes();
  expect(declared.filter((code) => !readme.includes(`\`${code}\``))).toEqual([]);
});

const testNetwork = readFileSync(path.join(ROOT, 'docs/test-network.md'), 'utf8');

/** Every word of what is set as code, within sentences and tables. */
function codeWords(doc: string): Set<string> {
  const spans = doc.replace(/^```.*?^```/gms, '').match(/`[^`]+`/g) ?? [];
  return new Set(spans.flatMap((span) => span.match(/\w+/g) ?? []));
}

test.each(Object.entries(networkMembers()))('docs/test-network.md knows every member of a %s', (_name, members) => {
  expect(members.length).toBeGreaterThan(5);
  const words = codeWords(testNetwork);
  expect(members.filter((member) => !words.has(member))).toEqual([]);
});

test('docs/test-network.md knows what dtls-association/testing exports, and every impairment', () => {
  let impairments: string[] = [];
  try {
    new testing.Network().toServer.impair({ noSuchOption: 1 } as never);
  } catch (error) {
    impairments = /Known are (.*)\./.exec((error as Error).message)?.[1]?.split(', ') ?? [];
  }
  expect(impairments.length).toBeGreaterThan(5);
  const mentioned = new Set([...testNetwork.matchAll(/[A-Za-z0-9]+/g)].map(([word]) => word));
  const names = [...Object.keys(testing), ...impairments];
  expect(names.filter((name) => !mentioned.has(name))).toEqual([]);
});
