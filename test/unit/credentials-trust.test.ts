import { X509Certificate } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { parseCertificates, parseCrls } from '../../lib/credentials/trust';
import { DtlsError } from '../../lib/errors';
import { thrown } from '../support/errors';
import { type Authority, authority, type Certified } from '../support/pki';

let ca: Authority;
let other: Authority;
let leaf: Certified;
let crl: string;
let otherCrl: string;

beforeAll(async () => {
  [ca, other] = await Promise.all([authority(), authority({ keyType: 'ed25519' })]);
  leaf = await ca.issue();
  [crl, otherCrl] = await Promise.all([ca.crl([leaf]), other.crl()]);
});

const derOf = (pem: string) => Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
const block = (label: string, body = 'AAAA') => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;

/** What no PEM or DER option takes, and what its error says. */
const UNREADABLE: ReadonlyArray<[string, () => string | Uint8Array, RegExp]> = [
  ['an empty string', () => '', /it is empty/],
  ['an empty file', () => Buffer.alloc(0), /it is empty/],
  ['blank text', () => ' \n', /it is empty/],
  ['a path', () => '/etc/ssl/certs/ca.pem', /looks like the name of a file.*readFileSync/],
  ['a file name', () => 'ca.crt', /looks like the name of a file/],
  ['other text', () => 'hello', /no PEM block/],
  ['noise', () => Buffer.of(1, 2, 3), /no PEM block.*DER/],
  ['a private key', () => leaf.key, /but this is a private key/],
  ['a public key', () => block('PUBLIC KEY'), /but this is a public key/],
  ['a request', () => block('CERTIFICATE REQUEST'), /but this is a certificate signing request/],
  ['a PKCS#7 bundle', () => block('PKCS7'), /but this is a PKCS#7 bundle/],
  ['parameters', () => block('DH PARAMETERS'), /but this is parameters/],
  ['an unknown block', () => block('TEAPOT'), /but this is something else in PEM/],
  ['several blocks', () => block('PUBLIC KEY') + leaf.key, /a public key and a private key/],
  ['a key in DER', () => derOf(leaf.key), /but this is a key or PFX in DER/],
  ['other DER', () => Buffer.of(0x30, 0x00), /something else in DER, or damaged/],
];

describe('parseCertificates', () => {
  test('gives nothing for nothing', () => {
    expect(parseCertificates('ca', undefined)).toEqual([]);
  });

  test.each<[string, () => string | Uint8Array]>([
    ['PEM', () => ca.cert],
    ['PEM as bytes', () => Buffer.from(ca.cert)],
    ['PEM with carriage returns', () => ca.cert.replaceAll('\n', '\r\n')],
    ['PEM after other text', () => `Subject: Test\n${ca.cert}`],
    ['PEM beside a private key', () => ca.key + ca.cert],
    ['PEM of the old name', () => ca.cert.replaceAll('CERTIFICATE', 'X509 CERTIFICATE')],
    ['DER', () => ca.der],
    ['DER as a Uint8Array', () => new Uint8Array(ca.der)],
  ])('reads %s', (_, value) => {
    expect(parseCertificates('ca', value())).toEqual([ca.der]);
  });

  test('reads each certificate of a bundle, in order', () => {
    expect(parseCertificates('ca', `${other.cert}\n# comment\n${ca.cert}`)).toEqual([other.der, ca.der]);
  });

  test('reads an array of bundles and DER', () => {
    const all = parseCertificates('ca', [ca.cert + other.cert, leaf.der]);
    expect(all).toEqual([ca.der, other.der, leaf.der]);
  });

  test.each([...UNREADABLE, ['a revocation list', () => crl, /but this is a revocation list/] as const])(
    'refuses %s',
    (_, value, message) => {
      expect(thrown(() => parseCertificates('ca', value()))).toMatchObject({
        code: 'ERR_DTLS_PEM',
        option: 'ca',
        message: expect.stringMatching(message),
      });
    },
  );

  test('says what a revocation list in DER is', () => {
    expect(thrown(() => parseCertificates('ca', derOf(crl))).message).toMatch(/a revocation list in DER/);
  });

  test('names the place in an array', () => {
    expect(thrown(() => parseCertificates('ca', [ca.cert, 'ca.pem'])).option).toBe('ca[1]');
  });

  test('refuses a bundle whose last certificate is cut off', () => {
    const error = thrown(() => parseCertificates('ca', ca.cert + other.cert.slice(0, -40)));
    expect(error).toMatchObject({ code: 'ERR_DTLS_PEM', message: expect.stringMatching(/has no end.*cut off/) });
  });

  test('refuses a bundle with a damaged certificate, and names it', () => {
    const error = thrown(() => parseCertificates('ca', ca.cert + block('CERTIFICATE')));
    expect(error.code).toBe('ERR_DTLS_PEM');
    expect(error.message).toBe('ca: certificate 2 of 2 is damaged: it cannot be decoded.');
    expect(error.cause).toHaveProperty('code');
  });

  test('refuses DER with more behind it, of which OpenSSL would see the first only', () => {
    expect(thrown(() => parseCertificates('ca', Buffer.concat([ca.der, other.der]))).code).toBe('ERR_DTLS_PEM');
  });

  test.each([[7], [{}], [[[]]], [true]])('refuses %p', (value) => {
    const error = thrown(() => parseCertificates('ca', value as never));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', message: expect.stringMatching(/a string or Uint8Array/) });
  });

  test('never shows what it was given', () => {
    const error = thrown(() => parseCertificates('ca', leaf.key));
    expect(error.value).toBeUndefined();
    expect(error.message).not.toContain(leaf.key.split('\n')[1]);
  });

  test('throws nothing but DtlsError, whatever the bytes', () => {
    const damaged = fc
      .tuple(fc.nat(ca.der.length - 1), fc.nat(255))
      .map(([at, byte]) => Buffer.from(ca.der).fill(byte, at, at + 1));
    const der = fc.uint8Array().map((bytes) => Buffer.from([0x30, bytes.length % 256, ...bytes]));
    const pem = fc.uint8Array().map((bytes) => block('CERTIFICATE', Buffer.from(bytes).toString('base64')));
    const boundary = fc.constantFrom('-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----', '-----', 'AAAA', '\n');
    const text = fc.array(boundary).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.string(), der, pem, text, damaged), (value) => {
        try {
          for (const certificate of parseCertificates('ca', value)) new X509Certificate(certificate);
        } catch (error) {
          expect(error).toBeInstanceOf(DtlsError);
        }
      }),
    );
  });
});

describe('parseCrls', () => {
  test('gives nothing for nothing', () => {
    expect(parseCrls('crl', undefined)).toEqual([]);
  });

  test('reads PEM, bundles and DER', () => {
    expect(parseCrls('crl', crl + otherCrl)).toEqual([derOf(crl), derOf(otherCrl)]);
    expect(parseCrls('crl', [Buffer.from(crl), derOf(otherCrl)])).toEqual([derOf(crl), derOf(otherCrl)]);
  });

  /** A revocation list with this TBSCertList, and nothing else that matters. */
  function listOf(tbs: readonly number[]): Buffer {
    const body = [0x30, tbs.length, ...tbs, 0x30, 0, 0x03, 1, 0];
    return Buffer.from([0x30, body.length, ...body]);
  }

  test.each<[string, number[]]>([
    ['the first version', [0x30, 0, 0x30, 0, 0x17, 1, 0x30]],
    ['a year after 2049', [0x02, 1, 1, 0x30, 0, 0x30, 0, 0x18, 1, 0x30]],
  ])('reads a list of %s', (_, tbs) => {
    expect(parseCrls('crl', listOf(tbs))).toEqual([listOf(tbs)]);
  });

  test('refuses BER, whose lengths may be indefinite', () => {
    const error = thrown(() => parseCrls('crl', listOf([0x30, 0x80, 0x30, 0, 0x17, 1, 0x30])));
    expect(error.code).toBe('ERR_DTLS_PEM');
  });

  test.each([
    ...UNREADABLE,
    ['a certificate', () => ca.cert, /but this is a certificate/] as const,
    ['a certificate in DER', () => ca.der, /something else in DER/] as const,
  ])('refuses %s', (_, value, message) => {
    expect(thrown(() => parseCrls('crl', value()))).toMatchObject({
      code: 'ERR_DTLS_PEM',
      option: 'crl',
      message: expect.stringMatching(message),
    });
  });

  test('refuses a bundle with a damaged list, and names it', () => {
    const error = thrown(() => parseCrls('crl', [crl + block('X509 CRL')]));
    expect(error.code).toBe('ERR_DTLS_PEM');
    expect(error.message).toBe('crl[0]: revocation list 2 of 2 is damaged: it cannot be decoded.');
  });

  test('refuses a list that is cut off', () => {
    expect(thrown(() => parseCrls('crl', otherCrl + crl.slice(0, -30))).message).toMatch(/has no end/);
    expect(thrown(() => parseCrls('crl', derOf(crl).subarray(0, -1))).code).toBe('ERR_DTLS_PEM');
  });

  test('throws nothing but DtlsError, whatever the bytes', () => {
    const der = fc.uint8Array().map((bytes) => Buffer.from([0x30, bytes.length % 256, ...bytes]));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), der), (value) => {
        try {
          parseCrls('crl', value);
        } catch (error) {
          expect(error).toBeInstanceOf(DtlsError);
        }
      }),
    );
  });
});

describe('defaultRoots', () => {
  const original = Object.getOwnPropertyDescriptor(tls, 'getCACertificates');

  const extra = process.env.NODE_EXTRA_CA_CERTS;

  afterEach(() => {
    if (extra === undefined) delete process.env.NODE_EXTRA_CA_CERTS;
    else process.env.NODE_EXTRA_CA_CERTS = extra;
    Reflect.deleteProperty(tls, 'getCACertificates');
    if (original) Object.defineProperty(tls, 'getCACertificates', original);
  });

  /** A copy of the module that has not asked yet. */
  function freshRoots(getCACertificates: ((type: string) => string[]) | undefined): () => readonly string[] {
    Object.defineProperty(tls, 'getCACertificates', { value: getCACertificates, configurable: true });
    let roots: (() => readonly string[]) | undefined;
    jest.isolateModules(() => {
      roots = require('../../lib/credentials/trust').defaultRoots;
    });
    return roots as () => readonly string[];
  }

  test('are the bundled ones where Node has no others', () => {
    delete process.env.NODE_EXTRA_CA_CERTS;
    expect(freshRoots(undefined)()).toEqual(tls.rootCertificates);
  });

  test('have those of NODE_EXTRA_CA_CERTS besides, where Node does not tell', async () => {
    const { cert } = await authority();
    process.env.NODE_EXTRA_CA_CERTS = path.join(mkdtempSync(path.join(tmpdir(), 'dtls-')), 'extra.pem');
    writeFileSync(process.env.NODE_EXTRA_CA_CERTS, cert);
    const roots = freshRoots(undefined)();
    expect(roots.length).toBe(tls.rootCertificates.length + 1);
    expect(new X509Certificate(roots.at(-1) as string).raw).toEqual(new X509Certificate(cert).raw);
  });

  test('are those that there are when NODE_EXTRA_CA_CERTS cannot be read', () => {
    process.env.NODE_EXTRA_CA_CERTS = path.join(tmpdir(), 'no such file');
    expect(freshRoots(undefined)()).toEqual(tls.rootCertificates);
  });

  test('are those in force, where Node tells them, asked for once', () => {
    const getCACertificates = jest.fn((type: string) => [`${type} root`]);
    const roots = freshRoots(getCACertificates);
    expect(roots()).toEqual(['default root']);
    expect(roots()).toBe(roots());
    expect(getCACertificates).toHaveBeenCalledTimes(1);
  });
});
