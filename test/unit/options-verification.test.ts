import tls from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { parseVerification } from '../../lib/options/verification';
import { thrown } from '../support/errors';

const server = { name: 'localhost', check: tls.checkServerIdentity };
const certificates = { trustedPublicKeys: undefined };
const publicKeys = { trustedPublicKeys: [Buffer.from('a key')] };
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
    const error = thrown(() => parseVerification({}, true, server, { trustedPublicKeys: [] }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'trustedPublicKeys' });
  });

  test('a client that verifies nothing, and a server that asks for nothing, need none', () => {
    const none = { trustedPublicKeys: [] };
    expect(() => parseVerification({ rejectUnauthorized: false }, true, server, none)).not.toThrow();
    expect(() => parseVerification({}, true, undefined, none)).not.toThrow();
  });
});
