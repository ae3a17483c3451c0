import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { type ConnectOptions, createSecureContext, createServer, DtlsAssociation, type ServerOptions } from '../../lib';
import { thrown } from '../support/errors';

const secretText = 'correct-horse-battery-staple-3141592';
const secret = Buffer.from(secretText);
const long = Buffer.alloc(300, secretText);

/** What a log would show of the error, in every spelling that gives the secret away. */
function expectNoSecret(run: () => unknown): void {
  const error = thrown(run);
  expect(error.code).toBe('ERR_DTLS_OPTION');
  const shown = [error.message, error.stack, JSON.stringify(error), inspect(error, { depth: 9, maxArrayLength: 999 })];
  const part = secret.subarray(0, 8);
  for (const text of shown) {
    expect(text).not.toContain(part.toString());
    expect(text).not.toContain(part.toString('hex'));
    expect(text).not.toContain(inspect(part).slice('<Buffer '.length, -1));
    expect(text).not.toContain([...part].join(','));
  }
  for (const value of Object.values(error)) expect(Buffer.isBuffer(value)).toBe(false);
}

describe('a secret never shows in an error of', () => {
  test.each<[string, unknown]>([
    ['a key as text', { psk: { identity: 'alice', key: secretText } }],
    ['a key that is too long', { psk: { identity: 'alice', key: long } }],
    ['a key as an array', { psk: { identity: 'alice', key: [...secret] } }],
    ['a bare key', { psk: secret }],
    ['a bare key as text', { psk: secretText }],
    ['a misspelt psk', { pks: { identity: 'alice', key: secret } }],
    ['a misspelt key', { psk: { identity: 'alice', keys: secret } }],
    ['a misspelt identity', { psk: { idenity: 'alice', key: secret } }],
    ['a table in place of credentials', { psk: { alice: secret } }],
    ['a key in place of the callback', { pskCallback: secret }],
    ['a text key in place of the callback', { pskCallback: secretText }],
    ['a secureContext that is none', { secureContext: { psk: { identity: 'alice', key: secret } } }],
  ])('a client: %s', (_, options) => {
    expectNoSecret(() => new DtlsAssociation({ port: 5684, ...(options as ConnectOptions) }));
  });

  test.each<[string, unknown]>([
    ['a key as text', { psk: { alice: secretText } }],
    ['a key that is too long', { psk: new Map([['alice', long]]) }],
    ['a bare key', { psk: secret }],
    ['a text key', { psk: secretText }],
    ['credentials of a client', { psk: { identity: 'alice', key: secret } }],
    ['a misspelt psk', { pks: { alice: secret } }],
    ['a cookieSecret as text', { psk: { alice: Buffer.from('k') }, cookieSecret: secretText }],
    ['a cookieSecret that is too short', { psk: { alice: Buffer.from('k') }, cookieSecret: secret.subarray(0, 20) }],
    ['a misspelt cookieSecret', { psk: { alice: Buffer.from('k') }, cokieSecret: secret }],
    ['a key in place of the callback', { pskCallback: secret }],
  ])('a server: %s', (_, options) => {
    expectNoSecret(() => createServer(options as ServerOptions));
  });

  test('createSecureContext', () => {
    expectNoSecret(() => createSecureContext({ psk: secret as never }));
    expectNoSecret(() => createSecureContext({ psk: { identity: 'alice', key: long } }));
    expectNoSecret(() => createSecureContext({ psk: { identity: 'alice', key: secret }, ciphers: 'NO-SUCH-SUITE' }));
  });
});

test('a text key is told how to become bytes', () => {
  const psk = { identity: 'alice', key: '1a2b' as unknown as Uint8Array };
  expect(thrown(() => new DtlsAssociation({ port: 1, psk })).message).toContain("Buffer.from(text, 'hex')");
});

test('a context shows no key when it is printed', () => {
  const context = createSecureContext({ psk: { identity: 'alice', key: secret } });
  expect(inspect(context, { depth: 9, showHidden: true })).not.toContain('correct');
  expect(JSON.stringify(context)).not.toContain('correct');
});
