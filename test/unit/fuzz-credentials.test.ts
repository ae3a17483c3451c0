import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalAddress, hostPort, ipAddress, networkOf } from '../../lib/address';
import { derElements, derSequence } from '../../lib/credentials/der';
import { matchesFingerprint, parseFingerprints } from '../../lib/credentials/fingerprint';
import { legacyCertificate } from '../../lib/credentials/peer-certificate';
import { certificatesIn, isCrl, readPem } from '../../lib/credentials/pem';
import { parsePrivateKey } from '../../lib/credentials/private-key';
import { decodeSession, encodeSession } from '../../lib/credentials/session-data';
import { parseTicketKeys } from '../../lib/credentials/ticket-keys';
import { parseVersions } from '../../lib/credentials/version';
import { parseCookieSecret } from '../../lib/options/cookie-secret';
import { changed, parsed, runs } from '../support/fuzz';
import { authority } from '../support/pki';

const bytes = fc.uint8Array({ maxLength: 120 });
/** Nested DER that is right in its lengths. */
const { der } = fc.letrec<{ der: Buffer }>((tie) => ({
  der: fc.oneof(
    fc
      .tuple(fc.constantFrom(2, 3, 4, 23, 24), fc.uint8Array({ maxLength: 20 }))
      .map(([tag, body]) => element(tag, body)),
    fc.array(tie('der'), { maxLength: 3 }).map((all) => element(0x30, Buffer.concat(all))),
  ),
}));

function element(tag: number, contents: Uint8Array): Buffer {
  const { length } = contents;
  const header = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(header), contents]);
}

let certificate: X509Certificate;
let key: string;

beforeAll(async () => {
  const leaf = await (await authority()).issue();
  certificate = new X509Certificate(leaf.cert);
  key = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey;
});

test('DER is taken apart so that it can be put together again, and other bytes are not', () => {
  fc.assert(
    fc.property(fc.oneof(changed(der), bytes), (given) => {
      const elements = derElements(given);
      const size = elements?.reduce((sum, { contents }) => sum + contents.length, 0) ?? 0;
      expect(size).toBeLessThanOrEqual(given.length);
      derSequence(given);
      isCrl(given);
    }),
    runs(2000),
  );
  fc.assert(
    fc.property(fc.array(der), (all) => {
      const elements = derElements(Buffer.concat(all));
      expect(elements?.map(({ tag, contents }) => element(tag, contents))).toEqual(all);
    }),
    runs(),
  );
});

test('PEM of any text has only blocks that are in it', () => {
  const boundary = fc.constantFrom('-----BEGIN A-----', '-----END A-----', '-----BEGIN B-----', '\n', 'AAAA', '-----');
  fc.assert(
    fc.property(fc.array(fc.oneof(boundary, fc.string())), (parts) => {
      const text = parts.join('');
      const { blocks } = readPem(text);
      for (const block of blocks) expect(text).toContain(block.text.trimEnd());
    }),
    runs(2000),
  );
});

test('a text of BEGIN lines without end is read in time that grows with its length only', () => {
  expect(readPem('-----BEGIN A-----\n'.repeat(50_000))).toEqual({ blocks: [], cutOff: true });
  expect(readPem('-----BEGIN '.repeat(50_000)).blocks).toEqual([]);
});

test('certificates and keys of any bytes are read, or refused with our error', () => {
  const pem = fc.constantFrom(...['certificate', 'key']).chain((kind) => {
    const text = Buffer.from(kind === 'key' ? key : certificate.toString());
    return changed(fc.constant(text)).map((given) => given.toString('latin1'));
  });
  const derOf = fc.constant(0).chain(() => changed(fc.constant(Buffer.from(certificate.raw))));
  fc.assert(
    fc.property(fc.oneof(pem, derOf, der, bytes, fc.string(), fc.anything()), (given) => {
      parsed(() => certificatesIn('cert', given));
      parsed(() => parsePrivateKey('key', given, undefined));
    }),
    runs(400),
  );
});

test('any number of certificates, in a circle too, are shown', () => {
  fc.assert(
    fc.property(fc.nat(6), fc.boolean(), (count, detailed) => {
      const shown = legacyCertificate(Array(count).fill(certificate.raw), detailed);
      expect(Object.keys(shown).length > 0).toBe(count > 0);
    }),
    runs(),
  );
});

test('a session is read as it was written, and any change is refused or harmless', () => {
  fc.assert(
    fc.property(der, fc.string(), fc.nat(2 ** 40), (session, binding, now) => {
      const stored = encodeSession(element(0x30, session), now + 1, binding);
      expect(Buffer.from(decodeSession('session', stored, binding, now))).toEqual(element(0x30, session));
      expect(parsed(() => decodeSession('session', stored, binding, now + 1))).toBeUndefined();
      expect(parsed(() => decodeSession('session', stored, `${binding}.`, now))).toBeUndefined();
    }),
    runs(),
  );
  const stored = encodeSession(element(0x30, Buffer.alloc(60, 5)), 2 ** 42, 'b');
  fc.assert(
    fc.property(fc.oneof(changed(fc.constant(stored)), bytes, fc.anything()), (given) => {
      parsed(() => decodeSession('session', given, 'b', 0));
    }),
    runs(1500),
  );
});

test('keys, secrets, versions and fingerprints of any kind are taken, or refused with our error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.array(bytes), bytes), fc.anything(), (given, other) => {
      parsed(() => parseTicketKeys(given));
      parsed(() => parseCookieSecret(given));
      parsed(() => parseVersions(given, other));
      const fingerprints = parsed(() => parseFingerprints('fingerprint', given));
      if (fingerprints !== undefined) expect(matchesFingerprint(fingerprints, Buffer.alloc(3))).toBe(false);
    }),
    runs(1500),
  );
  expect(matchesFingerprint(parseFingerprints('fingerprint', certificate.fingerprint256), certificate.raw)).toBe(true);
});

test('addresses of every spelling have one canonical form, which has itself, and one network', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.ipV4(),
        fc.ipV6(),
        fc.ipV6().map((ip) => `${ip}%eth0`),
      ),
      (address) => {
        const canonical = canonicalAddress(address);
        expect(isIP(canonical)).toBe(isIP(address));
        expect(canonicalAddress(canonical)).toBe(canonical);
        expect(networkOf(canonical)).toBe(networkOf(address));
      },
    ),
    runs(1000),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.ipV6()), fc.nat(65_535), (text, port) => {
      expect(hostPort(text, port)).toMatch(/:\d+$/);
      expect(ipAddress(text, port) === undefined).toBe(isIP(text) === 0);
      expect(typeof networkOf(text)).toBe('string');
    }),
    runs(),
  );
});
