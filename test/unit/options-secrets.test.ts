import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { type ConnectOptions, createSecureContext, createServer, DtlsAssociation, type ServerOptions } from '../../lib';
import { expectNoTrace, thrown } from '../support/errors';

const secretText = 'correct-horse-battery-staple-3141592';
const secret = Buffer.from(secretText);
const long = Buffer.alloc(300, secretText);

function expectNoSecret(run: () => unknown, code = 'ERR_DTLS_OPTION'): void {
  const error = thrown(run);
  expect(error.code).toBe(code);
  expectNoTrace(error, secret);
}

describe('a secret never shows in an error of', () => {
  test.each<[string, unknown]>([
    ['a key as text', { psk: { identity: 'alice', key: secretText } }],
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

  test('either: a key that is too long', () => {
    expectNoSecret(
      () => new DtlsAssociation({ port: 5684, psk: { identity: 'alice', key: long } }),
      'ERR_DTLS_PSK_KEY',
    );
    expectNoSecret(() => createServer({ psk: new Map([['alice', long]]) }), 'ERR_DTLS_PSK_KEY');
  });

  test('createSecureContext', () => {
    expectNoSecret(() => createSecureContext({ psk: secret as never }));
    expectNoSecret(() => createSecureContext({ psk: { identity: 'alice', key: long } }), 'ERR_DTLS_PSK_KEY');
    expectNoSecret(
      () => createSecureContext({ psk: { identity: 'alice', key: secret }, ciphers: 'NO-SUCH-SUITE' }),
      'ERR_DTLS_CIPHERS',
    );
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
