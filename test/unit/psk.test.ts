import { describe, expect, test } from '@jest/globals';
import { clientCredentials, identityBytes, isCredentials, keyBytes, tableEntries } from '../../lib/options/psk';
import { thrown } from '../support/errors';
import { Link } from '../support/link';
import { client, key, serve } from '../support/pair';

describe('an identity', () => {
  test('has 1 to 128 bytes', () => {
    expect(identityBytes('psk.identity', 'a')).toHaveLength(1);
    expect(identityBytes('psk.identity', 'a'.repeat(128))).toHaveLength(128);
    for (const identity of ['', 'a'.repeat(129), Buffer.alloc(129, 1), new Uint8Array(0)]) {
      expect(thrown(() => identityBytes('psk.identity', identity))).toMatchObject({
        code: 'ERR_DTLS_PSK_IDENTITY',
        option: 'psk.identity',
      });
    }
  });

  test('is counted in bytes of UTF-8, not in characters', () => {
    expect(identityBytes('psk.identity', 'é'.repeat(64))).toHaveLength(128);
    expect(thrown(() => identityBytes('psk.identity', 'é'.repeat(65))).message).toContain('130');
  });

  test('has no NUL', () => {
    for (const identity of ['a\0b', '\0', Uint8Array.of(97, 0)]) {
      const error = thrown(() => identityBytes('psk.identity', identity));
      expect(error.code).toBe('ERR_DTLS_PSK_IDENTITY');
      expect(error.message).toContain('NUL');
    }
  });

  test('is a string or bytes', () => {
    for (const identity of [7, null, undefined, ['a'], {}]) {
      expect(thrown(() => identityBytes('psk.identity', identity)).option).toBe('psk.identity');
    }
    expect(identityBytes('psk.identity', Uint8Array.of(0xff))).toEqual(Uint8Array.of(0xff));
  });
});

describe('a key', () => {
  test('has 1 to 256 bytes', () => {
    expect(keyBytes('psk.key', Buffer.alloc(1))).toHaveLength(1);
    expect(keyBytes('psk.key', new Uint8Array(256))).toHaveLength(256);
    for (const size of [0, 257]) {
      const error = thrown(() => keyBytes('psk.key', Buffer.alloc(size)));
      expect(error).toMatchObject({ code: 'ERR_DTLS_PSK_KEY', option: 'psk.key' });
      expect(error.message).toContain(`this one has ${size}`);
    }
  });

  test('is bytes, never text', () => {
    for (const value of ['1a2b', 5, null, undefined, new ArrayBuffer(6)]) {
      expect(thrown(() => keyBytes('psk.key', value)).option).toBe('psk.key');
    }
  });
});

test("a client's credentials are named in errors by the option that holds them", () => {
  expect(clientCredentials('psk', { identity: 'alice', key })).toEqual({ identity: Buffer.from('alice'), key });
  expect(thrown(() => clientCredentials('psk', { key })).option).toBe('psk.identity');
  expect(thrown(() => clientCredentials('psk', { identity: 'alice' })).option).toBe('psk.key');
  expect(thrown(() => clientCredentials('psk', null)).option).toBe('psk');
});

test("a server's table names the identity whose key is wrong", () => {
  const entries = [
    [Buffer.from('alice'), key],
    [Buffer.from('bob'), key],
  ];
  expect(tableEntries('psk', { alice: key, bob: key })).toEqual(entries);
  expect(tableEntries('psk', new Map(Object.entries({ alice: key, bob: key })))).toEqual(entries);
  expect(thrown(() => tableEntries('psk', { alice: key, bob: 'text' })).option).toBe('psk["bob"]');
  expect(thrown(() => tableEntries('psk', { '': key })).code).toBe('ERR_DTLS_PSK_IDENTITY');
});

test('a table is told from credentials', () => {
  expect(isCredentials({ identity: 'alice', key })).toBe(true);
  expect(isCredentials({ alice: key })).toBe(false);
  expect(isCredentials(new Map())).toBe(false);
  expect(isCredentials(null)).toBe(false);
});

test.each([
  ['the longest identity', 'i'.repeat(128), key],
  ['the longest key', 'alice', Buffer.alloc(256, 7)],
  ['the shortest key', 'alice', Buffer.alloc(1, 7)],
  ['an identity beyond ASCII', 'Zoë 🐈', key],
])('a handshake works with %s', async (_, identity, itsKey) => {
  const link = new Link();
  const server = await serve(link, { psk: { [identity]: itsKey } });
  const association = client(link, { psk: { identity, key: itsKey } });
  await association.startHandshake().opened;
  expect(association.pskIdentity).toBe(identity);
  await link.quiet();
  expect([...server.associations].map((peer) => peer.pskIdentity)).toEqual([identity]);
});
