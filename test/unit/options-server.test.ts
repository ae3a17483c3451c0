import { describe, expect, test } from '@jest/globals';
import { createSecureContext, createServer, type ListenOptions, type ServerOptions } from '../../lib';
import { parseListenOptions, parseServerOptions } from '../../lib/options/server';
import { expectNoTrace, rejected, thrown } from '../support/errors';
import { Link } from '../support/link';
import { key, psk } from '../support/pair';

const base = { psk: { alice: key } };

function refusal(options: unknown) {
  return thrown(() => parseServerOptions({ ...base, ...(options as object) } as ServerOptions));
}

test('defaults are those of the documentation', () => {
  expect(parseServerOptions(base)).toMatchObject({
    mtu: 1200,
    handshakeTimeoutMs: 60_000,
    initialTimeoutMs: 1000,
    maxTimeoutMs: 60_000,
    sendHighWaterMark: 65_536,
    idleTimeoutMs: 0,
    limits: {
      maxAssociations: 10_000,
      maxAssociationsPerAddress: 1000,
      maxHandshakes: 1000,
      maxHandshakesPerAddress: 250,
      handshakesPerSecond: 2000,
      handshakesPerSecondPerAddress: 500,
    },
    maxForgedRecords: undefined,
    migration: true,
    cookieSecrets: undefined,
  });
});

describe('an option of the wrong type or out of bounds is refused by name:', () => {
  test.each<[string, unknown]>([
    ['psk', key],
    ['psk', null],
    ['psk', 'alice'],
    ['pskCallback', {}],
    ['pskIdentityHint', ''],
    ['pskIdentityHint', 'h'.repeat(129)],
    ['pskIdentityHint', 'a\0b'],
    ['cookieSecret', Buffer.alloc(31)],
    ['cookieSecret', 32],
    ['cookieSecret', []],
    ['cookieSecret', Array(5).fill(Buffer.alloc(32))],
    ['cookieSecret', [Buffer.alloc(32), Buffer.alloc(31)]],
    ['cookieSecret', [Buffer.alloc(32), 'x'.repeat(32)]],
    ['migration', 1],
    ['migration', 'no'],
    ['idleTimeout', -1],
    ['idleTimeout', 2 ** 31],
    ['limits', 5],
    ['mtu', 0],
  ])('%s: %p', (name, value) => {
    const error = refusal({ [name]: value });
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: name });
    expect(error.message).toContain(name);
  });

  test('ciphers, with a code of its own', () => {
    const error = refusal({ ciphers: 'NO-SUCH-SUITE' });
    expect(error).toMatchObject({ code: 'ERR_DTLS_CIPHERS', option: 'ciphers', value: 'NO-SUCH-SUITE' });
  });

  test.each([
    'maxAssociations',
    'maxAssociationsPerAddress',
    'maxHandshakes',
    'maxHandshakesPerAddress',
    'handshakesPerSecond',
    'handshakesPerSecondPerAddress',
  ])('limits.%s', (name) => {
    for (const value of [0, -1, 1.5, 2 ** 31, '5', Number.NaN]) {
      expect(refusal({ limits: { [name]: value } })).toMatchObject({ option: `limits.${name}`, value });
    }
    for (const value of [1, 2 ** 31 - 1]) {
      expect(parseServerOptions({ ...base, limits: { [name]: value } }).limits).toMatchObject({ [name]: value });
    }
  });

  test('limits.maxForgedRecords, which may be 0', () => {
    for (const value of [-1, 0.5, 2 ** 53, '5']) {
      const error = refusal({ limits: { maxForgedRecords: value } });
      expect(error).toMatchObject({ option: 'limits.maxForgedRecords', value });
    }
    expect(parseServerOptions({ ...base, limits: { maxForgedRecords: 0 } }).maxForgedRecords).toBe(0);
  });
});

describe('cookieSecret', () => {
  const secrets = [1, 2, 3, 4].map((byte) => Buffer.alloc(32, byte));

  test('may be one secret, or up to four in order', () => {
    const parsed = (cookieSecret: ServerOptions['cookieSecret']) =>
      parseServerOptions({ ...base, cookieSecret } as ServerOptions).cookieSecrets;
    expect(parsed(secrets[0])).toEqual(secrets.slice(0, 1));
    expect(parsed(secrets)).toEqual(secrets);
    expect(parsed(new Uint8Array(33))).toEqual([new Uint8Array(33)]);
  });

  test('is not shown when it is refused', () => {
    const secret = Buffer.from('this is all but 32 bytes long!!');
    for (const cookieSecret of [secret, [secret], secret.toString()]) {
      const error = refusal({ cookieSecret });
      expect(error).not.toHaveProperty('value');
      expectNoTrace(error, secret);
    }
  });

  test('is checked by setCookieSecret as by createServer', async () => {
    const server = createServer(base);
    const refused = thrown(() => server.setCookieSecret([]));
    expect(refused).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'cookieSecret' });
    expect(() => server.setCookieSecret(secrets)).not.toThrow();
    await server.close();
  });
});

test.each([true, false])('migration may be %p', (migration) => {
  expect(parseServerOptions({ ...base, migration })).toMatchObject({ migration });
});

test('a hint of 128 bytes is taken', () => {
  expect(() => parseServerOptions({ ...base, pskIdentityHint: 'h'.repeat(128) })).not.toThrow();
});

test.each([
  ['idleTimout', 'idleTimeout'],
  ['pskidentityhint', 'pskIdentityHint'],
  ['hint', 'pskIdentityHint'],
  ['cookieSecrets', 'cookieSecret'],
  ['migrate', 'migration'],
])('a misspelt option, %s, is refused with the nearest name, %s', (name, nearest) => {
  expect(refusal({ [name]: 1 }).message).toContain(`did you mean ${nearest}?`);
});

test('a misspelt limit is refused with the nearest name', () => {
  expect(refusal({ limits: { maxHandshake: 1 } }).message).toContain('did you mean maxHandshakes?');
});

test('options of a client are refused', () => {
  expect(refusal({ host: 'localhost' })).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'host' });
});

describe('credentials', () => {
  test('must be there', () => {
    expect(thrown(() => createServer({}))).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'psk' });
  });

  test('may be a Map, an object, a callback or a secureContext', () => {
    expect(() => parseServerOptions({ psk: new Map([['alice', key]]) })).not.toThrow();
    expect(() => parseServerOptions({ pskCallback: () => key })).not.toThrow();
    expect(() => parseServerOptions({ secureContext: createSecureContext(base) })).not.toThrow();
  });

  test.each([
    ['{ identity, key }', () => ({ psk })],
    ['a secureContext with { identity, key }', () => ({ secureContext: createSecureContext({ psk }) })],
  ])('of a client, %s, are refused', (_, options) => {
    const error = thrown(() => parseServerOptions(options() as ServerOptions));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'psk' });
    expect(error.message).toMatch(/Map/);
  });

  test('pskIdentityHint beside a secureContext is refused', () => {
    const options = { secureContext: createSecureContext(base), pskIdentityHint: 'hint' };
    expect(thrown(() => parseServerOptions(options))).toMatchObject({ option: 'pskIdentityHint' });
  });
});

describe('listen', () => {
  test.each<[string, unknown]>([
    ['port', -1],
    ['port', 65_536],
    ['port', '22334'],
    ['address', 'localhost'],
    ['address', 4],
    ['ipv6Only', 1],
  ])('refuses %s: %p', (option, value) => {
    const error = thrown(() => parseListenOptions({ port: 0, [option]: value } as ListenOptions));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option, value });
  });

  test('asks for a port, but not with a transport of the user', () => {
    expect(thrown(() => parseListenOptions({}))).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'port' });
    expect(() => parseListenOptions({ transport: new Link().server })).not.toThrow();
  });

  test('takes the family from the address', () => {
    expect(parseListenOptions({ port: 0 })).toMatchObject({
      address: '0.0.0.0',
      family: 4,
      socket: { ipv6Only: false },
    });
    expect(parseListenOptions({ port: 0, address: '::1' })).toMatchObject({ family: 6 });
  });

  test('refuses a misspelt option with the nearest name', () => {
    expect(thrown(() => parseListenOptions({ prot: 5 } as ListenOptions)).message).toContain('did you mean port?');
    expect(thrown(() => parseListenOptions({ port: 5, adress: '::' } as ListenOptions)).message).toContain('address?');
  });

  test('rejects; it does not throw', async () => {
    const server = createServer(base);
    expect((await rejected(server.listen({ port: -1 }))).code).toBe('ERR_DTLS_OPTION');
    await server.close();
  });
});
