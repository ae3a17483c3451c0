import { describe, expect, test } from '@jest/globals';
import { capabilities, createSecureContext, SecureContext, versions } from '../../lib';
import { thrown } from '../support/errors';
import { Link } from '../support/link';
import { client, key, psk, serve } from '../support/pair';

describe('createSecureContext', () => {
  test('names the suites that it offers, forward secrecy first', () => {
    const { ciphers } = createSecureContext({ psk });
    expect(ciphers[0]).toBe('ECDHE-PSK-CHACHA20-POLY1305');
    expect(ciphers).toContain('PSK-AES128-GCM-SHA256');
    expect(ciphers.every((name) => name.includes('PSK') && !name.startsWith('RSA-'))).toBe(true);
    expect(Object.isFrozen(ciphers)).toBe(true);
  });

  test('takes a list in the syntax of OpenSSL, in its order', () => {
    const list = 'PSK-AES128-GCM-SHA256:PSK-AES256-GCM-SHA384';
    expect(createSecureContext({ psk, ciphers: list }).ciphers).toEqual(list.split(':'));
    expect(createSecureContext({ psk, ciphers: 'PSK-AES128-CCM8:@SECLEVEL=0' }).ciphers).toEqual(['PSK-AES128-CCM8']);
  });

  test.each([
    ['a suite that does not exist', 'NO-SUCH-SUITE'],
    ['a list that needs a certificate', 'ECDHE-RSA-AES128-GCM-SHA256'],
    ['a list that the security level empties', 'PSK-AES128-GCM-SHA256:@SECLEVEL=5'],
  ])('refuses %s', (_, ciphers) => {
    const error = thrown(() => createSecureContext({ psk, ciphers }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_CIPHERS', option: 'ciphers', value: ciphers });
    expect(error.message).toContain(ciphers);
  });

  test('takes a security level above that of the DH group, without DHE', async () => {
    const options = {
      ciphers: 'DHE-PSK-AES256-GCM-SHA384:ECDHE-PSK-AES256-CBC-SHA384:@SECLEVEL=4',
      ecdhCurve: 'P-384',
    };
    const link = new Link();
    await serve(link, options);
    const association = await client(link, options).startHandshake().opened;
    expect(association.getCipher()?.name).toBe('ECDHE-PSK-AES256-CBC-SHA384');
  });

  test.each([
    ['pskIdentityHnt', 'pskIdentityHint'],
    ['cipher', 'ciphers'],
  ])('refuses the misspelt option %s', (name, nearest) => {
    expect(thrown(() => createSecureContext({ psk, [name]: 'x' })).message).toContain(`did you mean ${nearest}?`);
  });

  test('gives an object that cannot be changed', () => {
    const context = createSecureContext({ psk });
    expect(context).toBeInstanceOf(SecureContext);
    expect(Object.isFrozen(context)).toBe(true);
  });
});

test('one context serves any number of associations, of a client and of servers', async () => {
  const link = new Link();
  const table = createSecureContext({ psk: { alice: key } });
  const server = await serve(link, { psk: undefined, secureContext: table });
  const secureContext = createSecureContext({ psk });
  for (let i = 0; i < 3; i++) await client(link, { secureContext }).startHandshake().opened;
  await link.quiet();
  expect(server.associations.size).toBe(3);
  const second = new Link();
  await serve(second, { psk: undefined, secureContext: table });
  await client(second, { secureContext }).startHandshake().opened;
});

test('keys are copied: what happens to the buffers afterwards does not matter', async () => {
  const link = new Link();
  const [mine, theirs] = [Buffer.from(key), Buffer.from(key)];
  await serve(link, { psk: { alice: theirs } });
  const association = client(link, { psk: { identity: 'alice', key: mine } });
  mine.fill(0);
  theirs.fill(0);
  await association.startHandshake().opened;
});

test('versions tells which OpenSSL was built for and which runs', () => {
  const { addon, opensslBuilt, opensslRuntime, openssl } = versions();
  expect(addon).toBe(require('../../package.json').version);
  expect(opensslBuilt).toMatch(/^3\./);
  expect(opensslRuntime).toMatch(/^3\./);
  if (openssl === 'node') expect(process.versions.openssl).toContain(opensslRuntime.replace(/\+.*/, ''));
});

test('capabilities tells what this OpenSSL can do', () => {
  const { pskCiphers, certificateCiphers, ...others } = capabilities();
  expect(pskCiphers).toEqual(createSecureContext({ psk }).ciphers);
  expect([...certificateCiphers, ...pskCiphers]).toEqual(createSecureContext().ciphers);
  expect(others).toEqual({
    protocols: ['DTLSv1.2', 'DTLSv1'],
    srtpProfiles: [
      'SRTP_AES128_CM_SHA1_80',
      'SRTP_AES128_CM_SHA1_32',
      'SRTP_AEAD_AES_128_GCM',
      'SRTP_AEAD_AES_256_GCM',
    ],
    rawPublicKeys: expect.any(Boolean),
  });
});
