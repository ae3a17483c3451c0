import { createHash, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { matchesFingerprint, parseFingerprints } from '../../lib/credentials/fingerprint';
import { DtlsError } from '../../lib/errors';
import { thrown } from '../support/errors';
import { type Certified, selfSigned } from '../support/pki';

const OPTION = 'verifyFingerprint';

let leaf: Certified;
let other: Certified;

beforeAll(async () => {
  [leaf, other] = await Promise.all([selfSigned(), selfSigned()]);
});

function colons(hash: string, der: Uint8Array): string {
  const hex = createHash(hash).update(der).digest('hex').toUpperCase();
  return hex.replace(/..(?=.)/g, '$&:');
}

describe('a fingerprint', () => {
  test.each(['sha-224', 'sha-256', 'sha-384', 'sha-512'])('with %s tells certificates apart', (algorithm) => {
    const parsed = parseFingerprints(OPTION, `${algorithm} ${colons(algorithm.replace('-', ''), leaf.der)}`);
    expect(parsed).toMatchObject([{ algorithm }]);
    expect(matchesFingerprint(parsed, leaf.der)).toBe(true);
    expect(matchesFingerprint(parsed, other.der)).toBe(false);
  });

  test.each(['fingerprint256', 'fingerprint512'] as const)('is taken as X509Certificate.%s has it', (form) => {
    const parsed = parseFingerprints(OPTION, new X509Certificate(leaf.der)[form]);
    expect(matchesFingerprint(parsed, leaf.der)).toBe(true);
    expect(matchesFingerprint(parsed, other.der)).toBe(false);
  });

  test.each<[string, (text: string) => string]>([
    ['small letters', (text) => text.toLowerCase()],
    ['capital letters', (text) => text.toUpperCase()],
    ['space around it', (text) => `  ${text}\r\n`],
  ])('may have %s', (_, change) => {
    const parsed = parseFingerprints(OPTION, change(`sha-256 ${colons('sha256', leaf.der)}`));
    expect(matchesFingerprint(parsed, leaf.der)).toBe(true);
  });

  test('is any of several', () => {
    const both = [`SHA-256 ${colons('sha256', other.der)}`, colons('sha512', leaf.der)];
    const parsed = parseFingerprints(OPTION, both);
    expect(parsed.map(({ algorithm }) => algorithm)).toEqual(['sha-256', 'sha-512']);
    expect(matchesFingerprint(parsed, leaf.der)).toBe(true);
    expect(matchesFingerprint(parsed, other.der)).toBe(true);
    expect(matchesFingerprint(parsed, Buffer.from('another'))).toBe(false);
  });

  test.each<[string, string, (der: Uint8Array) => string]>([
    ['md5', 'md5', (der) => `md5 ${colons('md5', der)}`],
    ['sha-1', 'SHA-1', (der) => `SHA-1 ${colons('sha1', der)}`],
    ['sha-1', 'bare SHA-1', (der) => colons('sha1', der)],
    ['md5', 'bare MD5', (der) => colons('md5', der)],
    ['sha-1', 'SHA-1 of the wrong length', () => 'sha-1 AB'],
  ])('with %s (%s) is refused, as it can be forged', (algorithm, _, value) => {
    expect(thrown(() => parseFingerprints(OPTION, value(leaf.der)))).toMatchObject({
      code: 'ERR_DTLS_OPTION',
      option: OPTION,
      message: expect.stringContaining(`${algorithm} can be forged`),
    });
  });

  test.each<[unknown, RegExp]>([
    [undefined, /there is none/],
    [[], /this array is empty/],
    [7, /not a number/],
    [{}, /not an object/],
    [Buffer.alloc(32), /not an object/],
    ['', /is expected\.$/],
    ['hello', /is expected\.$/],
    ['AB'.repeat(32), /is expected\.$/],
    ['sha-256', /is expected\.$/],
    ['sha-256 AB:CD:', /is expected\.$/],
    ['sha-256 AB:CD', /sha-256 has 32 bytes, this has 2/],
    ['AB:CD', /no algorithm has 2 bytes/],
    ['sha3-256 AB:CD', /sha3-256 is not known; sha-224, sha-256, sha-384, sha-512 are/],
  ])('is not %j', (value, message) => {
    expect(thrown(() => parseFingerprints(OPTION, value))).toMatchObject({
      code: 'ERR_DTLS_OPTION',
      option: OPTION,
      message: expect.stringMatching(message),
    });
  });

  test('that is wrong is named by its place', () => {
    expect(thrown(() => parseFingerprints(OPTION, [colons('sha256', leaf.der), 'x'])).option).toBe(`${OPTION}[1]`);
  });

  test('throws nothing but DtlsError, whatever the text', () => {
    const byte = fc.nat(255).map((value) => value.toString(16).padStart(2, '0'));
    const digest = fc.array(byte, { maxLength: 70 }).map((bytes) => bytes.join(':'));
    const name = fc.constantFrom('', 'sha-256 ', 'SHA-512 ', 'sha-1 ', '__proto__ ', 'constructor ');
    const likely = fc.tuple(name, digest).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.string(), likely, fc.anything(), fc.array(likely)), (value) => {
        try {
          matchesFingerprint(parseFingerprints(OPTION, value), leaf.der);
        } catch (error) {
          expect(error).toBeInstanceOf(DtlsError);
        }
      }),
    );
  });
});
