import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type IdentityOptions, parseIdentities, wipe } from '../../lib/credentials/identity';
import { parsePrivateKey } from '../../lib/credentials/private-key';
import { thrown } from '../support/errors';
import {
  type Authority,
  authority,
  type Certified,
  EXPIRED,
  encryptKey,
  NOT_YET_VALID,
  selfSigned,
} from '../support/pki';

const PASSPHRASE = 'correct horse battery staple';

let root: Authority;
let intermediate: Authority;
let ec: Certified;
let rsa: Certified;
let ed25519: Certified;

beforeAll(async () => {
  root = await authority();
  intermediate = await root.intermediate();
  [ec, rsa, ed25519] = await Promise.all([
    intermediate.issue(),
    intermediate.issue({ keyType: 'rsa-2048' }),
    intermediate.issue({ keyType: 'ed25519' }),
  ]);
});

const noPfx = () => {
  throw new Error('there is no PFX');
};
const parse = (options: IdentityOptions, nowMs?: number) => parseIdentities(options, noPfx, nowMs);
const fault = (options: object) => thrown(() => parse(options));
const pkcs8 = (key: string) => createPrivateKey(key).export({ type: 'pkcs8', format: 'der' });
const identityOf = (leaf: Certified) => ({ certificates: [leaf.der, intermediate.der], key: pkcs8(leaf.key) });
const bare = (leaf: Certified) => ({ certificates: [leaf.der], key: pkcs8(leaf.key) });

describe('an identity', () => {
  test('is not needed', () => {
    expect(parse({})).toEqual([]);
    expect(parse({ passphrase: PASSPHRASE })).toEqual([]);
  });

  test('is a chain, own certificate first, and its key', () => {
    expect(parse({ cert: ec.chain, key: ec.key })).toEqual([identityOf(ec)]);
  });

  test.each<[string, () => IdentityOptions]>([
    ['bytes of PEM', () => ({ cert: Buffer.from(ec.cert), key: Buffer.from(ec.key) })],
    ['DER', () => ({ cert: ec.der, key: new Uint8Array(pkcs8(ec.key)) })],
    ['a KeyObject', () => ({ cert: ec.cert, key: createPrivateKey(ec.key) })],
    ['one file with both', () => ({ cert: ec.key + ec.cert, key: ec.key + ec.cert })],
    ['arrays of one', () => ({ cert: [ec.cert], key: [ec.key] })],
    ['{ pem }', () => ({ cert: ec.cert, key: [{ pem: ec.key }] })],
    ['a key of the older form', () => ({ cert: ec.cert, key: sec1(ec.key) })],
    ['a key after its parameters', () => ({ cert: ec.cert, key: `${EC_PARAMETERS}${sec1(ec.key)}` })],
    ['a passphrase that nothing needs', () => ({ cert: ec.cert, key: ec.key, passphrase: PASSPHRASE })],
  ])('is read from %s', (_, options) => {
    expect(parse(options())).toEqual([bare(ec)]);
  });

  test('is one for each kind of key, whatever the order of the keys', () => {
    const identities = parse({ cert: [ec.chain, rsa.chain, ed25519.chain], key: [ed25519.key, ec.key, rsa.key] });
    expect(identities).toEqual([identityOf(ec), identityOf(rsa), identityOf(ed25519)]);
  });

  test('may be given twice for one certificate, once is enough', () => {
    expect(parse({ cert: ec.cert, key: [ec.key, createPrivateKey(ec.key)] })).toEqual([bare(ec)]);
  });

  test('loses its key when wiped', () => {
    const identities = parse({ cert: [ec.cert, rsa.cert], key: [ec.key, rsa.key] });
    wipe(identities);
    for (const { key } of identities) expect(key.every((byte) => byte === 0)).toBe(true);
  });
});

describe('an encrypted key', () => {
  const traditional = () => {
    const options = { type: 'sec1', format: 'pem', cipher: 'aes-128-cbc', passphrase: PASSPHRASE } as const;
    return createPrivateKey(ec.key).export(options);
  };
  const der = () => {
    const options = { type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: PASSPHRASE } as const;
    return createPrivateKey(ec.key).export(options);
  };
  const forms: ReadonlyArray<[string, () => string | Buffer]> = [
    ['PKCS#8', () => encryptKey(ec.key, PASSPHRASE)],
    ['the older form', traditional],
    ['DER', der],
  ];

  test.each(forms)('in %s opens with its passphrase', (_, key) => {
    expect(parse({ cert: ec.cert, key: key(), passphrase: PASSPHRASE })).toEqual([bare(ec)]);
  });

  test.each(forms)('in %s lacks its passphrase', (_, key) => {
    expect(fault({ cert: ec.cert, key: key() })).toMatchObject({
      code: 'ERR_DTLS_PASSPHRASE',
      option: 'key',
      message: expect.stringMatching(/is encrypted.*there is no passphrase.*passphrase option/),
    });
  });

  test.each(
    forms.flatMap(([form, key]) => ['', 'wrong', 'x'.repeat(2000)].map((wrong) => [form, wrong, key] as const)),
  )('in %s stays shut for %p', (_, passphrase, key) => {
    expect(fault({ cert: ec.cert, key: key(), passphrase })).toMatchObject({
      code: 'ERR_DTLS_PASSPHRASE',
      option: 'key',
      message: expect.stringMatching(/the passphrase does not open the key/),
    });
  });

  test('may have a passphrase of its own', () => {
    const key = [{ pem: encryptKey(ec.key, 'own'), passphrase: 'own' }, { pem: encryptKey(rsa.key, PASSPHRASE) }];
    expect(parse({ cert: [ec.cert, rsa.cert], key, passphrase: PASSPHRASE })).toEqual([bare(ec), bare(rsa)]);
  });

  test('is named by its place', () => {
    const key = [{ pem: ec.key }, { pem: encryptKey(rsa.key, PASSPHRASE), passphrase: 'wrong' }];
    expect(fault({ cert: [ec.cert, rsa.cert], key }).option).toBe('key[1]');
  });

  test('is no passphrase when it is damaged', () => {
    const cut = encryptKey(ec.key, PASSPHRASE).replace(/\n[^\n]+\n-----END/, '\n-----END');
    expect(fault({ cert: ec.cert, key: cut, passphrase: PASSPHRASE })).toMatchObject({
      code: 'ERR_DTLS_PEM',
      message: 'key: the private key is damaged: it cannot be decoded.',
    });
  });

  test.each([
    ['passphrase', { passphrase: Buffer.from('x') }],
    ['key[0].passphrase', { key: [{ pem: 'x', passphrase: 7 }] }],
  ])('takes a string as %s', (option, options) => {
    expect(fault({ cert: ec.cert, key: ec.key, ...options })).toMatchObject({ code: 'ERR_DTLS_OPTION', option });
  });
});

describe('a private key is refused when', () => {
  test.each<[string, () => unknown, RegExp]>([
    ['it is a certificate', () => ec.cert, /a private key .*is expected, but this is a certificate\./],
    ['it is a certificate in DER', () => ec.der, /but this is something else in DER/],
    ['it is a public key', () => publicPem(), /but this is a public key/],
    ['it is a path', () => './server.key', /looks like the name of a file/],
    ['it is empty', () => '', /it is empty/],
    ['its end is missing', () => ec.key.slice(0, -30), /has no end/],
    ['it is damaged', () => ec.key.replace(/\n.{8}/, '\nAAAAAAAA'), /the private key is damaged/],
    ['there are two in one', () => ec.key + rsa.key, /2 private keys in it; give them as an array/],
  ])('%s', (_, key, message) => {
    const error = fault({ cert: ec.cert, key: key() });
    expect(error).toMatchObject({ code: 'ERR_DTLS_PEM', option: 'key', message: expect.stringMatching(message) });
    expect(error.value).toBeUndefined();
  });

  test.each<[string, () => unknown, RegExp]>([
    ['it is a public KeyObject', () => generateKeyPairSync('ed25519').publicKey, /not a KeyObject with a public key/],
    ['it is a number', () => 7, /a string or Uint8Array is expected, not a number/],
    ['it is an object', () => [{}], /a string or Uint8Array is expected, not an object/],
    ['it cannot sign', () => generateKeyPairSync('x25519').privateKey, /type x25519 cannot be used; RSA,/],
  ])('%s', (_, key, message) => {
    const error = fault({ cert: ec.cert, key: key() });
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', message: expect.stringMatching(message) });
  });

  test('nothing of it is shown', () => {
    const secret = 'MC4CAQAwBQYDK2VwBCIEIHmKjkkm';
    for (const key of [
      secret,
      Buffer.from(secret),
      `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`,
    ]) {
      expect(inspect(fault({ cert: ec.cert, key }), { depth: 9 })).not.toContain(secret);
    }
  });
});

test.each(['rsa-pss', 'ed448'] as const)('a private key may be of type %s', (type) => {
  const { privateKey } = generateKeyPairSync(type as 'rsa-pss', { modulusLength: 1024 });
  expect(parsePrivateKey('key', privateKey, undefined)).toBe(privateKey);
});

describe('a certificate and its key', () => {
  test('are both needed', () => {
    const remedy = /cert is given without its private key/;
    expect(fault({ cert: ec.cert })).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'key' });
    expect(fault({ cert: ec.cert }).message).toMatch(remedy);
    expect(fault({ key: ec.key })).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'cert' });
    expect(fault({ key: ec.key }).message).toMatch(/key is given without its certificate/);
  });

  test('belong to each other', async () => {
    const other = await root.issue();
    expect(fault({ cert: ec.cert, key: other.key })).toMatchObject({ code: 'ERR_DTLS_KEY_MISMATCH', option: 'key' });
    expect(fault({ cert: ec.cert, key: rsa.key }).code).toBe('ERR_DTLS_KEY_MISMATCH');
  });

  test('are as many: one without the other is named', () => {
    const noKey = fault({ cert: [ec.cert, rsa.cert], key: ec.key });
    expect(noKey).toMatchObject({ code: 'ERR_DTLS_KEY_MISMATCH', option: 'cert[1]' });
    const noCert = fault({ cert: ec.cert, key: [ec.key, rsa.key] });
    expect(noCert).toMatchObject({ code: 'ERR_DTLS_KEY_MISMATCH', option: 'key[1]' });
  });

  test('come first in the chain', () => {
    const error = fault({ cert: intermediate.cert + ec.cert, key: ec.key });
    expect(error).toMatchObject({ code: 'ERR_DTLS_KEY_MISMATCH', option: 'cert' });
    expect(error.message).toMatch(/comes first, but the private key belongs to certificate 2/);
  });

  test('are not two of one kind, as OpenSSL would use the last only', async () => {
    const second = await root.issue();
    const error = fault({ cert: [ec.cert, second.cert], key: [ec.key, second.key] });
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'cert[1]' });
    expect(error.message).toMatch(/cert\[0\] has a key of type ec already; use SNICallback/);
  });

  test('are readable', () => {
    expect(fault({ cert: ec.key, key: ec.key })).toMatchObject({
      code: 'ERR_DTLS_PEM',
      option: 'cert',
      message: expect.stringMatching(/a certificate .* is expected, but this is a private key/),
    });
  });
});

describe("the own certificate's time", () => {
  test('is over', async () => {
    const { cert, key } = await selfSigned({ ...EXPIRED, to: new Date('2024-02-29T12:00:00Z') });
    expect(fault({ cert, key })).toMatchObject({
      code: 'ERR_DTLS_CERT_EXPIRED',
      option: 'cert',
      message: expect.stringContaining('expired on 2024-02-29T12:00:00Z'),
    });
  });

  test('has not come', async () => {
    const { cert, key } = await selfSigned({ ...NOT_YET_VALID, from: new Date('2049-01-02T03:04:05Z') });
    expect(fault({ cert, key })).toMatchObject({
      code: 'ERR_DTLS_CERT_NOT_YET_VALID',
      option: 'cert',
      message: expect.stringContaining('not valid before 2049-01-02T03:04:05Z'),
    });
  });

  test('is inclusive at both ends', async () => {
    const [from, to] = [Date.UTC(2030, 0, 1), Date.UTC(2030, 0, 2)];
    const { cert, key } = await selfSigned({ from: new Date(from), to: new Date(to) });
    for (const nowMs of [from, to]) expect(parse({ cert, key }, nowMs)).toHaveLength(1);
    expect(thrown(() => parse({ cert, key }, from - 1)).code).toBe('ERR_DTLS_CERT_NOT_YET_VALID');
    expect(thrown(() => parse({ cert, key }, to + 1)).code).toBe('ERR_DTLS_CERT_EXPIRED');
  });

  test("is not that of its issuers, which are the peer's to judge", async () => {
    const old = await root.intermediate(EXPIRED);
    const { chain, key } = await old.issue();
    expect(parse({ cert: chain, key })).toHaveLength(1);
  });
});

const EC_PARAMETERS = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';

function sec1(key: string): string {
  return createPrivateKey(key).export({ type: 'sec1', format: 'pem' }).toString();
}

function publicPem(): string {
  return generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
}
