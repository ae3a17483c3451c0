import { describe, expect, test } from '@jest/globals';
import { type ConnectOptions, connect, createSecureContext } from '../../lib';
import { parseConnectOptions } from '../../lib/options/client';
import { rejected, thrown } from '../support/errors';
import { Link } from '../support/link';
import { key, psk } from '../support/pair';

const base = { host: '127.0.0.1', port: 5684, psk };

function refusal(options: unknown) {
  return thrown(() => parseConnectOptions({ ...base, ...(options as object) } as ConnectOptions));
}

test('defaults are those of the documentation', () => {
  const config = parseConnectOptions({ port: 5684, psk });
  expect(config).toMatchObject({
    host: 'localhost',
    family: 0,
    name: 'localhost:5684',
    pingIntervalMs: 0,
    mtu: 1200,
    handshakeTimeoutMs: 60_000,
    initialTimeoutMs: 1000,
    maxTimeoutMs: 60_000,
    sendHighWaterMark: 65_536,
    localAddress: undefined,
    localPort: 0,
  });
});

test('an IPv6 address in the default name has brackets', () => {
  expect(parseConnectOptions({ host: '::1', port: 5684, psk }).name).toBe('[::1]:5684');
});

test('ping takes true for the interval of Qt and a number for another one', () => {
  expect(parseConnectOptions({ ...base, ping: true }).pingIntervalMs).toBe(5000);
  expect(parseConnectOptions({ ...base, ping: 70 }).pingIntervalMs).toBe(70);
  expect(parseConnectOptions({ ...base, ping: false }).pingIntervalMs).toBe(0);
});

describe('an option of the wrong type or out of bounds is refused by name:', () => {
  test.each<[string, unknown, string?]>([
    ['host', 5],
    ['host', ''],
    ['port', '5684'],
    ['port', 0],
    ['port', 65_536],
    ['port', 1.5],
    ['port', Number.NaN],
    ['family', 5],
    ['family', '4'],
    ['name', ''],
    ['name', 7],
    ['pskCallback', 'alice'],
    ['ping', 0],
    ['ping', 2 ** 31],
    ['ping', 'yes'],
    ['signal', {}],
    ['lookup', 'dns'],
    ['localAddress', 'localhost'],
    ['localAddress', 127],
    ['localPort', -1],
    ['localPort', 65_536],
    ['transport', {}],
    ['transport', null],
    ['ciphers', 7],
    ['ciphers', ''],
    ['mtu', 255],
    ['mtu', 16_385],
    ['handshakeTimeout', 0],
    ['handshakeTimeout', 2 ** 31],
    ['retransmit', 20, 'retransmit'],
    ['keylog', 'yes'],
    ['sendHighWaterMark', -1],
    ['sendHighWaterMark', 2 ** 30 + 1],
    ['secureContext', { psk }],
  ])('%s: %p', (name, value) => {
    const error = refusal({ [name]: value });
    expect(error.code).toBe('ERR_DTLS_OPTION');
    expect(error.option).toBe(name);
    expect(error.message).toContain(name);
  });

  test.each([
    ['initial', 14],
    ['initial', 60_001],
    ['max', 999],
    ['max', 600_001],
  ])('retransmit.%s: %p', (name, value) => {
    expect(refusal({ retransmit: { [name]: value } })).toMatchObject({
      code: 'ERR_DTLS_OPTION',
      option: `retransmit.${name}`,
      value,
    });
  });
});

test.each([
  ['port', 1],
  ['port', 65_535],
  ['localPort', 0],
  ['mtu', 256],
  ['mtu', 16_384],
  ['handshakeTimeout', 1],
  ['handshakeTimeout', 2 ** 31 - 1],
  ['sendHighWaterMark', 0],
  ['family', 4],
  ['family', 6],
  ['family', 0],
])('the bound itself is taken: %s %p', (name, value) => {
  expect(() => parseConnectOptions({ ...base, [name]: value })).not.toThrow();
});

test('the longest wait may not be below the first one', () => {
  expect(() => parseConnectOptions({ ...base, retransmit: { initial: 20, max: 20 } })).not.toThrow();
  expect(refusal({ retransmit: { initial: 20, max: 19 } }).option).toBe('retransmit.max');
});

test('a message about a number tells the bounds and what was given', () => {
  expect(refusal({ mtu: 100 }).message).toBe('mtu: a whole number from 256 to 16384 is expected, not 100.');
});

test('a missing port is asked for, but not with a transport of the user', () => {
  expect(thrown(() => parseConnectOptions({ psk }))).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'port' });
  expect(() => parseConnectOptions({ psk, transport: new Link().client() })).not.toThrow();
});

test('a transport without a method names the method', () => {
  const transport = { open() {}, send: () => true, close() {}, ref() {} };
  expect(refusal({ transport }).message).toMatch(/transport: .*unref/);
});

describe('a misspelt option', () => {
  test.each([
    ['hots', 'host'],
    ['Port', 'port'],
    ['timeout', 'sessionTimeout or handshakeTimeout'],
    ['handshaketimeout', 'handshakeTimeout'],
    ['cipher', 'ciphers'],
    ['retransmits', 'retransmit'],
    ['pskCalback', 'pskCallback'],
  ])('%s is refused with the nearest name, %s', (name, nearest) => {
    const error = refusal({ [name]: 1 });
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: name });
    expect(error.message).toContain(`did you mean ${nearest}?`);
  });

  test('is told all names, too', () => {
    expect(refusal({ xyzzy: 1 }).message).toMatch(/Known are .*host, .*transport\./);
  });

  test('inside retransmit is refused too', () => {
    expect(refusal({ retransmit: { intial: 20 } }).message).toContain('did you mean initial?');
  });
});

describe('credentials', () => {
  test('need not be there: the server has a certificate then, which is verified', () => {
    const { secureContext, verification, native } = parseConnectOptions({ port: 1 });
    expect(secureContext.ciphers.some((name) => name.includes('PSK'))).toBe(false);
    expect(verification.rejectUnauthorized).toBe(true);
    expect(native.requireTrust).toBe(true);
  });

  test('without a pre-shared key a list of suites that need one is refused', () => {
    const error = thrown(() => parseConnectOptions({ port: 1, ciphers: 'PSK-AES128-GCM-SHA256' }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_CIPHERS', option: 'ciphers' });
  });

  test('may come from a pskCallback or a secureContext', () => {
    expect(() => parseConnectOptions({ port: 1, pskCallback: () => psk })).not.toThrow();
    expect(() => parseConnectOptions({ port: 1, secureContext: createSecureContext({ psk }) })).not.toThrow();
  });

  test('of a secureContext without psk: those of a server with a certificate, or of the pskCallback', () => {
    const options = { port: 1, secureContext: createSecureContext() };
    expect(() => parseConnectOptions(options)).not.toThrow();
    expect(() => parseConnectOptions({ ...options, pskCallback: () => psk })).not.toThrow();
  });

  test.each([
    ['a table', { alice: key }],
    ['a Map', new Map([['alice', key]])],
    ['a secureContext with a table', undefined],
  ])('of a server, %s, are refused', (_, table) => {
    const options =
      table === undefined ? { secureContext: createSecureContext({ psk: { alice: key } }) } : { psk: table };
    const error = thrown(() => parseConnectOptions({ port: 1, ...options } as ConnectOptions));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'psk' });
    expect(error.message).toContain('{ identity, key }');
  });

  test.each(['psk', 'ciphers', 'keylog'])('%s beside a secureContext is refused', (name) => {
    const values: Record<string, unknown> = { psk, ciphers: 'PSK', keylog: true };
    const options = { port: 1, secureContext: createSecureContext({ psk }), [name]: values[name] };
    expect(thrown(() => parseConnectOptions(options))).toMatchObject({ code: 'ERR_DTLS_OPTION', option: name });
  });
});

test('options that are no object are refused', () => {
  for (const options of [undefined, null, 'localhost', 5684]) {
    expect(thrown(() => parseConnectOptions(options as unknown as ConnectOptions)).code).toBe('ERR_DTLS_OPTION');
  }
});

test('connect rejects for an option that cannot be used; it does not throw', async () => {
  expect((await rejected(connect({ ...base, mtu: 1 }))).code).toBe('ERR_DTLS_OPTION');
});
