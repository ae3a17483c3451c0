import { createPublicKey, createSecretKey, generateKeyPairSync } from 'node:crypto';
import { afterEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { type PublicKey, parsePublicKeys } from '../../lib/credentials/public-keys';
import { parseRawKey, publicHalf } from '../../lib/credentials/raw-key';
import { binding } from '../../lib/native';
import { changed, parsed, runs } from '../support/fuzz';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = pair.publicKey.export({ type: 'spki', format: 'der' });
const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'der' });
const passphrase = 'sesame';

/** Both halves of a key in all that they are written in. */
const forms = [
  spki,
  pkcs8,
  pair.privateKey.export({ type: 'pkcs8', format: 'der', cipher: 'aes-128-cbc', passphrase }),
  ...[
    pair.publicKey.export({ type: 'spki', format: 'pem' }),
    pair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    pair.privateKey.export({ type: 'sec1', format: 'pem' }),
    pair.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase }),
  ].map(Buffer.from),
];
const objects = [pair.publicKey, pair.privateKey, createSecretKey(pkcs8), generateKeyPairSync('x25519').privateKey];

const written = fc.constantFrom(...forms).chain((form) => changed(fc.constant(form)));
const keys: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(...forms, ...objects),
  written,
  written.map((bytes) => bytes.toString('latin1')),
  fc.uint8Array({ maxLength: 120 }),
  fc.string(),
  fc.anything(),
);

afterEach(() => {
  jest.restoreAllMocks();
});

test('public keys of any kind are read, each in the one form that is compared, or refused as what they are not', () => {
  const given = fc.oneof(keys, fc.array(keys, { maxLength: 3 }));
  fc.assert(
    fc.property(given, (value) => {
      const codes = Array.isArray(value) && value.length === 0 ? 'ERR_DTLS_OPTION' : 'ERR_DTLS_PEM';
      const read = parsed(() => parsePublicKeys('trustedPublicKeys', value as PublicKey), [codes]) ?? [];
      for (const der of read) {
        const again = createPublicKey({ key: der, format: 'der', type: 'spki' });
        expect(again.export({ format: 'der', type: 'spki' })).toEqual(der);
      }
    }),
    runs(1500),
  );
  expect(parsePublicKeys('trustedPublicKeys', [spki, pair.privateKey])).toEqual([spki, spki]);
});

test('a raw key of any kind is read, with its public half, or refused as what it is not', () => {
  jest.spyOn(binding, 'hasRawPublicKeys').mockReturnValue(true);
  fc.assert(
    fc.property(keys, fc.constantFrom(undefined, passphrase, ''), (rawPublicKey, opener) => {
      const options = { rawPublicKey: rawPublicKey as string, ...(opener !== undefined && { passphrase: opener }) };
      const read = parsed(() => parseRawKey(options), ['ERR_DTLS_PEM', 'ERR_DTLS_PASSPHRASE', 'ERR_DTLS_OPTION']);
      expect(read?.type ?? 'private').toBe('private');
      if (read !== undefined) expect(parsePublicKeys('trustedPublicKeys', read)).toEqual([publicHalf(read)]);
    }),
    runs(1500),
  );
  expect(publicHalf(parseRawKey({ rawPublicKey: pkcs8 }))).toEqual(spki);
});

test('raw keys of any kind are refused where OpenSSL has none', () => {
  jest.spyOn(binding, 'hasRawPublicKeys').mockReturnValue(false);
  fc.assert(
    fc.property(keys, fc.constantFrom('rawPublicKey', 'trustedPublicKeys'), (value, option) => {
      fc.pre(value !== undefined);
      const read = parsed(() => parseRawKey({ [option]: value }), ['ERR_DTLS_RAW_PUBLIC_KEY']);
      expect(read).toBeUndefined();
    }),
    runs(),
  );
});
