import { describe, expect, test } from '@jest/globals';
import { verifyError, verifySentence } from '../../lib/credentials/verify-errors';

describe('verifyError', () => {
  // The numbers of x509_vfy.h, the names of Node's X509ErrorCode().
  test.each([
    [2, 'UNABLE_TO_GET_ISSUER_CERT'],
    [3, 'UNABLE_TO_GET_CRL'],
    [7, 'CERT_SIGNATURE_FAILURE'],
    [8, 'CRL_SIGNATURE_FAILURE'],
    [11, 'CRL_NOT_YET_VALID'],
    [12, 'CRL_HAS_EXPIRED'],
    [17, 'OUT_OF_MEM'],
    [18, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [19, 'SELF_SIGNED_CERT_IN_CHAIN'],
    [20, 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
    [21, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [22, 'CERT_CHAIN_TOO_LONG'],
    [25, 'PATH_LENGTH_EXCEEDED'],
    [26, 'INVALID_PURPOSE'],
    [27, 'CERT_UNTRUSTED'],
    [28, 'CERT_REJECTED'],
    [54, 'CRL_PATH_VALIDATION_ERROR'],
    [66, 'EE_KEY_TOO_SMALL'],
    [67, 'CA_KEY_TOO_SMALL'],
    [68, 'CA_MD_TOO_WEAK'],
    [79, 'INVALID_CA'],
    [95, 'RPK_UNTRUSTED'],
  ])('%i is %s: not trusted', (number, name) => {
    expect(verifyError(number)).toEqual({ name, code: 'ERR_DTLS_CERT_UNTRUSTED' });
  });

  test.each([
    [9, 'CERT_NOT_YET_VALID', 'ERR_DTLS_CERT_NOT_YET_VALID'],
    [10, 'CERT_HAS_EXPIRED', 'ERR_DTLS_CERT_EXPIRED'],
    [23, 'CERT_REVOKED', 'ERR_DTLS_CERT_REVOKED'],
    [62, 'HOSTNAME_MISMATCH', 'ERR_DTLS_CERT_HOST'],
    [64, 'IP_ADDRESS_MISMATCH', 'ERR_DTLS_CERT_HOST'],
  ])('%i is %s: %s', (number, name, code) => {
    expect(verifyError(number)).toEqual({ name, code });
  });

  test.each([[1], [0], [-1], [96], [9999], [1.5], [Number.NaN]])('%d has no name', (number) => {
    expect(verifyError(number)).toEqual({ name: 'UNSPECIFIED', code: 'ERR_DTLS_CERT_UNTRUSTED' });
  });
});

describe('verifySentence', () => {
  test.each([
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', /CA that is not trusted here.* ca/],
    ['UNABLE_TO_GET_ISSUER_CERT', /CA that is not trusted here.* ca/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /chain is incomplete.*intermediate/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /self-signed.*ca.*verifyFingerprint/],
    ['SELF_SIGNED_CERT_IN_CHAIN', /root that is not trusted here/],
    ['CERT_HAS_EXPIRED', /expired.*renewed/],
    ['CERT_NOT_YET_VALID', /not valid yet.*clock/],
    ['CERT_REVOKED', /revocation list/],
    ['UNABLE_TO_GET_CRL', /no revocation list/],
    ['CRL_HAS_EXPIRED', /revocation list has expired/],
    ['CRL_NOT_YET_VALID', /revocation list is not valid yet/],
    ['CRL_SIGNATURE_FAILURE', /signature on the CA's revocation list/],
    ['CERT_SIGNATURE_FAILURE', /signature on it is wrong/],
    ['EE_KEY_TOO_SMALL', /key is too small for the security level.*@SECLEVEL=/],
    ['CA_KEY_TOO_SMALL', /key of a CA in its chain is too small for the security level.*@SECLEVEL=/],
    ['CA_MD_TOO_WEAK', /digest that is too weak for the security level.*@SECLEVEL=/],
    ['INVALID_PURPOSE', /serverAuth, clients clientAuth/],
    ['INVALID_CA', /no CA/],
    ['PATH_LENGTH_EXCEEDED', /longer than a CA in it allows/],
    ['CERT_CHAIN_TOO_LONG', /longer than OpenSSL accepts/],
    ['HOSTNAME_MISMATCH', /another host.*servername/],
    ['IP_ADDRESS_MISMATCH', /another host/],
  ])('%s says what to do', (name, sentence) => {
    expect(verifySentence(name)).toMatch(sentence);
  });

  test('a rare one is named', () => {
    expect(verifySentence('SUBTREE_MINMAX')).toBe('OpenSSL does not accept it (SUBTREE_MINMAX).');
  });
});
