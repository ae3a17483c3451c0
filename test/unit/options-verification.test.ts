import tls from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { createServer } from '../../lib';
import { parseVerification } from '../../lib/options/verification';
import { thrown } from '../support/errors';

const server = { name: 'localhost', check: tls.checkServerIdentity };
const ciphers = ['ECDHE-ECDSA-AES128-GCM-SHA256', 'PSK-AES128-GCM-SHA256'];
const certificates = { trustedPublicKeys: undefined, ciphers };
const publicKeys = { trustedPublicKeys: [Buffer.from('a key')], ciphers };
const keysOnly = { trustedPublicKeys: undefined, ciphers: ['ECDHE-PSK-CHACHA20-POLY1305', 'PSK-AES128-GCM-SHA256'] };
const rsaPsk = { trustedPublicKeys: undefined, ciphers: ['RSA-PSK-AES128-GCM-SHA256'] };
const verifyFingerprint = `sha-256 ${Array(32).fill('AB').join(':')}`;

test('a peer must be in order unless the user says otherwise', () => {
  expect(parseVerification({}, true, server, certificates)).toEqual({
    rejectUnauthorized: true,
    fingerprints: undefined,
    verifyPeer: undefined,
    asks: true,
    server,
  });
});

describe('with raw public keys', () => {
  test.each([
    ['verifyFingerprint', verifyFingerprint],
    ['verifyPeer', () => true],
  ])('%s is refused, for it would never be asked', (option, value) => {
    expect(() => parseVerification({ [option]: value }, true, server, certificates)).not.toThrow();
    const error = thrown(() => parseVerification({ [option]: value }, true, server, publicKeys));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option });
  });

  test('a client that trusts none is refused, for it could take no server', () => {
    const error = thrown(() => parseVerification({}, true, server, { trustedPublicKeys: [], ciphers }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'trustedPublicKeys' });
  });

  test('a client that verifies nothing, and a server that asks for nothing, need none', () => {
    const none = { trustedPublicKeys: [], ciphers };
    expect(() => parseVerification({ rejectUnauthorized: false }, true, server, none)).not.toThrow();
    expect(() => parseVerification({}, true, undefined, none)).not.toThrow();
  });
});

describe('where only a pre-shared key proves the peer', () => {
  test.each([
    ['verifyFingerprint', verifyFingerprint],
    ['verifyPeer', () => true],
  ])('%s is refused, for it would never be asked', (option, value) => {
    const error = thrown(() => parseVerification({ [option]: value }, true, server, keysOnly));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option });
    expect(() => parseVerification({ [option]: value }, true, server, rsaPsk)).not.toThrow();
  });

  test('requestCert is refused, for no client could show a certificate', () => {
    const psk = { alice: Buffer.from('0123456789abcdef') };
    const error = thrown(() => createServer({ psk, requestCert: true }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'requestCert' });
  });
});
