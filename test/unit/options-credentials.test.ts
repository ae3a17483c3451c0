import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  type ConnectOptions,
  createSecureContext,
  createServer,
  DtlsAssociation,
  type DtlsError,
  type SecureContext,
  type SecureContextOptions,
  type ServerOptions,
  versions,
} from '../../lib';
import { binding } from '../../lib/native';
import { expectNoTrace, thrown } from '../support/errors';
import { Link } from '../support/link';
import { client, key, openPair, serve } from '../support/pair';
import { type Authority, authority, type Certified, EXPIRED, encryptKey, NOT_YET_VALID, pfx } from '../support/pki';

const passphrase = 'correct-horse-battery-staple';
const secret = Buffer.from('0d9fcb6e-my-very-own-secret-8ab1');

let ca: Authority;
let leaf: Certified;
let other: Certified;
let rsa: Certified;
let ed25519: Certified;
let weak: Certified;
let expired: Certified;
let notYetValid: Certified;

beforeAll(async () => {
  ca = await authority();
  [leaf, other, rsa, ed25519, weak, expired, notYetValid] = await Promise.all([
    ca.issue(),
    ca.issue(),
    ca.issue({ keyType: 'rsa-2048' }),
    ca.issue({ keyType: 'ed25519' }),
    ca.issue({ keyType: 'rsa-1024' }),
    ca.issue(EXPIRED),
    ca.issue(NOT_YET_VALID),
  ]);
});

type Entry = (options: object) => DtlsError;

const ofClient: Entry = (options) =>
  thrown(() => new DtlsAssociation({ transport: new Link().client(), ...options } as ConnectOptions));
const ofServer: Entry = (options) => thrown(() => createServer(options as ServerOptions));
const ofContext: Entry = (options) => thrown(() => createSecureContext(options as SecureContextOptions));
const entries = { DtlsAssociation: ofClient, createServer: ofServer, createSecureContext: ofContext };

/** Name, options, and what the error says of them; `hides` is what it must not show. */
interface Case {
  options: () => object;
  code: string;
  option: string;
  words: RegExp;
  hides?: () => string | Uint8Array;
}

/** What is base64 between the first and the last line of a PEM file, or rather some of it. */
const inside = (pem: string) => pem.split('\n')[2] as string;

function expectRefusal(entry: Entry, { options, code, option, words, hides }: Case): void {
  const error = entry(options());
  expect(error).toMatchObject({ code, option });
  expect(error.message).toMatch(words);
  expect(error.message.startsWith(`${option}: `)).toBe(true);
  if (hides === undefined) return;
  const hidden = hides();
  expect(error.value).toBeUndefined();
  expectNoTrace(error, typeof hidden === 'string' ? Buffer.from(hidden) : hidden);
}

const identities: Record<string, Case> = {
  'a certificate that is none': {
    options: () => ({ cert: 'nonsense', key: leaf.key }),
    code: 'ERR_DTLS_PEM',
    option: 'cert',
    words: /a certificate \(PEM or DER\) is expected, but there is no PEM block/,
    hides: () => inside(leaf.key),
  },
  'a private key in place of the certificate': {
    options: () => ({ cert: leaf.key, key: leaf.key }),
    code: 'ERR_DTLS_PEM',
    option: 'cert',
    words: /this is a private key/,
    hides: () => inside(leaf.key),
  },
  'the name of a file in place of its contents': {
    options: () => ({ cert: leaf.cert, key: './server-key.pem' }),
    code: 'ERR_DTLS_PEM',
    option: 'key',
    words: /name of a file: give its contents/,
  },
  'a private key that is cut off': {
    options: () => ({ cert: leaf.cert, key: leaf.key.slice(0, 150) }),
    code: 'ERR_DTLS_PEM',
    option: 'key',
    words: /no end: it was cut off/,
    hides: () => inside(leaf.key),
  },
  'a PFX that is none': {
    options: () => ({ pfx: secret, passphrase }),
    code: 'ERR_DTLS_PEM',
    option: 'pfx',
    words: /a PFX \(PKCS#12\) in bytes or base64 is expected/,
    hides: () => secret,
  },
  'a ca that is none': {
    options: () => ({ ca: 'nonsense', cert: leaf.cert, key: leaf.key }),
    code: 'ERR_DTLS_PEM',
    option: 'ca',
    words: /is expected/,
  },
  'a crl that is a certificate': {
    options: () => ({ ca: ca.cert, crl: ca.cert, cert: leaf.cert, key: leaf.key }),
    code: 'ERR_DTLS_PEM',
    option: 'crl',
    words: /a certificate/,
  },
  "another certificate's key": {
    options: () => ({ cert: leaf.cert, key: other.key }),
    code: 'ERR_DTLS_KEY_MISMATCH',
    option: 'key',
    words: /belongs to none of the certificates/,
    hides: () => inside(other.key),
  },
  'a certificate without its key': {
    options: () => ({ cert: leaf.cert }),
    code: 'ERR_DTLS_OPTION',
    option: 'key',
    words: /without its private key/,
  },
  'a key without its certificate': {
    options: () => ({ key: leaf.key }),
    code: 'ERR_DTLS_OPTION',
    option: 'cert',
    words: /without its certificate/,
    hides: () => inside(leaf.key),
  },
  'an encrypted key without its passphrase': {
    options: () => ({ cert: leaf.cert, key: encryptKey(leaf.key, passphrase) }),
    code: 'ERR_DTLS_PASSPHRASE',
    option: 'key',
    words: /encrypted, and there is no passphrase for it; give the passphrase option/,
    hides: () => passphrase,
  },
  'an encrypted key with a wrong passphrase': {
    options: () => ({ cert: leaf.cert, key: encryptKey(leaf.key, 'another'), passphrase }),
    code: 'ERR_DTLS_PASSPHRASE',
    option: 'key',
    words: /the passphrase does not open the key/,
    hides: () => passphrase,
  },
  'a PFX with a wrong passphrase': {
    options: () => ({ pfx: pfx(leaf, 'another'), passphrase }),
    code: 'ERR_DTLS_PASSPHRASE',
    option: 'pfx',
    words: /the passphrase does not open the PFX/,
    hides: () => passphrase,
  },
  'a passphrase that is bytes': {
    options: () => ({ cert: leaf.cert, key: leaf.key, passphrase: secret }),
    code: 'ERR_DTLS_OPTION',
    option: 'passphrase',
    words: /a string is expected/,
    hides: () => secret,
  },
  'an own certificate that has expired': {
    options: () => ({ cert: expired.cert, key: expired.key }),
    code: 'ERR_DTLS_CERT_EXPIRED',
    option: 'cert',
    words: /expired on \d{4}-\d\d-\d\dT[\d:]+Z; .*Get a new one/,
  },
  'an own certificate that is not valid yet': {
    options: () => ({ cert: notYetValid.cert, key: notYetValid.key }),
    code: 'ERR_DTLS_CERT_NOT_YET_VALID',
    option: 'cert',
    words: /not valid before \d{4}-\d\d-\d\dT[\d:]+Z; .*clock/,
  },
  'a key below the security level': {
    options: () => ({ cert: weak.cert, key: weak.key, ciphers: 'DEFAULT:@SECLEVEL=2' }),
    code: 'ERR_DTLS_OPTION',
    option: 'cert',
    words: /too small.*below the security level.*"@SECLEVEL=n" in ciphers/,
    hides: () => inside(weak.key),
  },
  'two certificates for one kind of key': {
    options: () => ({ cert: [leaf.cert, other.cert], key: [leaf.key, other.key] }),
    code: 'ERR_DTLS_OPTION',
    option: 'cert[1]',
    words: /cert\[0\] has a key of type ec already; use SNICallback/,
  },
};

describe.each(Object.entries(entries))('%s refuses', (name, entry) => {
  test.each(Object.entries(identities))('%s', (_, each) => {
    expectRefusal(entry, each);
  });

  /** What this role takes for pre-shared keys. */
  const keyed = (identity: string, bytes: Uint8Array): object =>
    name === 'createServer' ? { psk: { [identity]: bytes } } : { psk: { identity, key: bytes } };
  const at = (part: 'identity' | 'key', identity: string): string => {
    if (name !== 'createServer') return `psk.${part}`;
    return part === 'identity' ? 'psk identity' : `psk[${JSON.stringify(identity)}]`;
  };

  test.each([
    ['an empty key', 0],
    ['a key of 257 bytes', 257],
  ])('%s', (_, size) => {
    expectRefusal(entry, {
      options: () => keyed('alice', Buffer.alloc(size, secret)),
      code: 'ERR_DTLS_PSK_KEY',
      option: at('key', 'alice'),
      words: new RegExp(`a key has 1 to 256 bytes, this one has ${size}\\.`),
      hides: () => secret,
    });
  });

  test.each([
    ['an empty identity', '', /1 to 128 bytes \(RFC 4279\), this one has 0\./],
    ['an identity of 129 bytes', 'i'.repeat(129), /1 to 128 bytes \(RFC 4279\), this one has 129\./],
    ['an identity with a NUL', 'a\0b', /must not contain a NUL byte/],
  ])('%s', (_, identity, words) => {
    const error = entry(keyed(identity, secret));
    expect(error).toMatchObject({ code: 'ERR_DTLS_PSK_IDENTITY', option: at('identity', identity) });
    expect(error.message).toMatch(words);
    expectNoTrace(error, secret);
  });

  const lists: Array<[string, () => object, string, RegExp]> = [
    [
      'a suite that OpenSSL does not know',
      () => keyed('alice', key),
      'NO-SUCH-SUITE',
      /OpenSSL refuses "NO-SUCH-SUITE"/,
    ],
    [
      'suites with certificates for a pre-shared key',
      () => keyed('alice', key),
      'ECDHE-ECDSA-AES128-GCM-SHA256',
      /no suite of this list works with a pre-shared key/,
    ],
    [
      'suites with pre-shared keys for a certificate',
      () => ({ cert: leaf.cert, key: leaf.key }),
      'PSK-AES128-GCM-SHA256',
      /no suite of this list works with a certificate/,
    ],
    [
      'suites that the security level forbids',
      () => keyed('alice', key),
      'PSK-AES128-GCM-SHA256:@SECLEVEL=5',
      /security level in force.*"@SECLEVEL=0".*ciphers: "coap"/,
    ],
    [
      'suites of another version of the protocol',
      () => keyed('alice', key),
      'TLS_AES_128_GCM_SHA256',
      /OpenSSL refuses/,
    ],
  ];

  test.each(lists)('%s', (_, credentials, ciphers, words) => {
    const error = entry({ ...credentials(), ciphers });
    expect(error).toMatchObject({ code: 'ERR_DTLS_CIPHERS', option: 'ciphers', value: ciphers });
    expect(error.message).toMatch(words);
  });

  test.each<[string, object, string, RegExp]>([
    ['DTLS 1.3', { minVersion: 'DTLSv1.3' }, 'minVersion', /DTLS 1\.3 needs OpenSSL 4\.1 or later.*up to "DTLSv1\.2"/],
    ['DTLS 1.3 at most', { maxVersion: 'DTLSv1.3' }, 'maxVersion', /DTLS 1\.3 needs OpenSSL/],
    ["node:tls's name of a version", { minVersion: 'TLSv1.2' }, 'minVersion', /"DTLSv1\.2" or "DTLSv1" is expected/],
    ['a version that is a number', { maxVersion: 1.2 }, 'maxVersion', /is expected, not 1\.2/],
    ['a range that is empty', { maxVersion: 'DTLSv1' }, 'maxVersion', /set minVersion to "DTLSv1", too/],
  ])('%s', (_, options, option, words) => {
    const error = entry({ ...keyed('alice', key), ...options });
    expect(error).toMatchObject({ code: 'ERR_DTLS_VERSION', option, value: Object.values(options)[0] });
    expect(error.message).toMatch(words);
  });

  test.each<[string, unknown, RegExp]>([
    ['ticket keys of the wrong size', secret, /48 random bytes, not 32 bytes/],
    ['ticket keys that are text', secret.toString(), /48 random bytes/],
    ['no ticket keys at all', [], /1 to 16 keys are expected, not 0/],
    ['too many ticket keys', new Array(17).fill(randomBytes(48)), /1 to 16 keys are expected, not 17/],
  ])('%s', (_, ticketKeys, words) => {
    expectRefusal(entry, {
      options: () => ({ ...keyed('alice', key), ticketKeys }),
      code: 'ERR_DTLS_OPTION',
      option: 'ticketKeys',
      words,
      hides: () => secret,
    });
  });

  test.each<[string, unknown]>([
    ['sessionTimeout', 0],
    ['maxFragmentLength', 1000],
    ['ecdhCurve', 'no-such-curve'],
    ['sigalgs', 'no-such-algorithm'],
    ['keylog', 'yes'],
  ])('%s: %p', (option, value) => {
    const error = entry({ cert: leaf.cert, key: leaf.key, [option]: value });
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option, value });
  });

  test.each(['rawPublicKey', 'trustedPublicKeys'])('%s where OpenSSL has no raw public keys', (option) => {
    if (binding.hasRawPublicKeys()) {
      console.log(`not applicable: OpenSSL ${versions().opensslRuntime} has raw public keys`);
      return;
    }
    expectRefusal(entry, {
      options: () => ({ [option]: leaf.key }),
      code: 'ERR_DTLS_RAW_PUBLIC_KEY',
      option,
      words: /need OpenSSL 3\.2 or later .*; this one runs 3\.\d/,
      hides: () => inside(leaf.key),
    });
  });

  test('certificates beside raw public keys', () => {
    const error = entry({ rawPublicKey: leaf.key, ca: ca.cert });
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'ca' });
    expectNoTrace(error, Buffer.from(inside(leaf.key)));
  });

  if (name === 'createSecureContext') return;

  const certified = () => ({
    cert: leaf.cert,
    key: leaf.key,
    ...(name === 'createServer' && { requestCert: true }),
  });

  test.each<[string, unknown, RegExp]>([
    ['ALPNProtocols', 'h2', /an array of names is expected, not "h2"/],
    ['ALPNProtocols', [], /an array of names is expected/],
    ['srtpProfiles', 'SRTP_NULL', /profiles are SRTP_AES128_CM_SHA1_80, .*; not "SRTP_NULL"/],
    ['srtpProfiles', [], /profiles are/],
    ['verifyFingerprint', 'sha-256', /'sha-256 AB:CD:\.\.\.' as in SDP/],
    ['verifyFingerprint', `sha-1 ${'AB:'.repeat(19)}AB`, /sha-1 can be forged/],
    ['rejectUnauthorized', 'no', /true or false is expected/],
    ['enableTrace', 1, /true or false is expected/],
  ])('%s: %p', (option, value, words) => {
    const error = entry({ ...certified(), [option]: value });
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option, value });
    expect(error.message).toMatch(words);
  });

  test.each([
    ['an empty name', ''],
    ['a name of 256 bytes', 'n'.repeat(256)],
    ['a name that is a number', 2],
  ])('ALPNProtocols with %s', (_, wrong) => {
    const error = entry({ ...keyed('alice', key), ALPNProtocols: ['coap', wrong] });
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'ALPNProtocols[1]', value: wrong });
    expect(error.message).toMatch(/1 to 255 bytes/);
  });

  test('more ALPNProtocols than a hello holds', () => {
    const ALPNProtocols = Array.from({ length: 256 }, () => 'n'.repeat(255));
    expect(entry({ ...keyed('alice', key), ALPNProtocols })).toMatchObject({ option: 'ALPNProtocols' });
  });

  test('verifyPeer that is no function', () => {
    const error = entry({ ...certified(), verifyPeer: secret.toString() });
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'verifyPeer' });
    expectNoTrace(error, secret);
  });

  test.each(['verifyPeer', 'verifyFingerprint'])('%s when all suites are for pre-shared keys', (option) => {
    const values = { verifyPeer: () => true, verifyFingerprint: `sha-256 ${'AB:'.repeat(31)}AB` };
    const error = entry({ ...keyed('alice', key), [option]: values[option as keyof typeof values] });
    expect(error.code).toBe('ERR_DTLS_OPTION');
    // A server has to ask for certificates first.
    expect(error.option).toBe(name === 'createServer' ? 'requestCert' : option);
  });

  test.each([
    ['cert', () => leaf.cert],
    ['key', () => leaf.key],
    ['ca', () => ca.cert],
    ['pfx', () => secret],
    ['passphrase', () => passphrase],
    ['minVersion', () => 'DTLSv1.2'],
    ['ticketKeys', () => randomBytes(48)],
  ])('%s beside a secureContext', (option, value) => {
    const secureContext = createSecureContext(keyed('alice', key));
    expectRefusal(entry, {
      options: () => ({ secureContext, [option]: value() }),
      code: 'ERR_DTLS_OPTION',
      option,
      words: /belongs into createSecureContext when secureContext is given/,
      hides: () => (option === 'key' ? inside(leaf.key) : passphrase),
    });
  });
});

describe('a client refuses', () => {
  test.each<[string, object, string, RegExp]>([
    [
      'an address as servername',
      { servername: '192.0.2.1' },
      'servername',
      /not the address "192\.0\.2\.1" \(RFC 6066/,
    ],
    ['a servername that is no name', { servername: 'a\0b' }, 'servername', /no host name/],
    ['checkServerIdentity that is no function', { checkServerIdentity: true }, 'checkServerIdentity', /a function/],
  ])('%s', (_, options, option, words) => {
    const error = ofClient(options);
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option });
    expect(error.message).toMatch(words);
  });

  test('suites with pre-shared keys when it has none', () => {
    const error = ofClient({ ca: ca.cert, ciphers: 'PSK-AES128-GCM-SHA256' });
    expect(error).toMatchObject({ code: 'ERR_DTLS_CIPHERS', option: 'ciphers' });
    expect(error.message).toContain('no suite of this list works with a certificate');
  });

  test('suites with certificates when a pskCallback is all it has', () => {
    const error = ofClient({ pskCallback: () => undefined, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' });
    expect(error).toMatchObject({ code: 'ERR_DTLS_CIPHERS', option: 'ciphers' });
  });

  describe('a session', () => {
    let session: Buffer;

    beforeAll(async () => {
      const { client } = await openPair();
      session = client.getSession() as Buffer;
    });

    const ofSession = (value: unknown, more: object = {}) =>
      ofClient({ psk: { identity: 'alice', key }, ...more, session: value });

    test.each<[string, (session: Buffer) => unknown]>([
      ['that is text', (session) => session.toString('base64')],
      ['that is cut off', (session) => session.subarray(0, -1)],
      ["of node:tls, which begins as OpenSSL's", (session) => session.subarray(49)],
      ['of another version of this package', (session) => Buffer.from(session).fill(9, 8, 9)],
      ['that is empty', () => Buffer.alloc(0)],
    ])('%s', (_, spoil) => {
      const error = ofSession(spoil(session));
      expect(error).toMatchObject({ code: 'ERR_DTLS_SESSION_INVALID', option: 'session' });
      expectNoTrace(error, session.subarray(80));
    });

    test.each<[string, object]>([
      ['of another server', { servername: 'other.example' }],
      ['of another identity', { psk: { identity: 'bob', key } }],
      ['made without verifying', { rejectUnauthorized: false }],
    ])('%s', (_, more) => {
      const error = ofSession(session, more);
      expect(error).toMatchObject({ code: 'ERR_DTLS_SESSION_FOREIGN', option: 'session' });
      expect(error.message).toContain('connect without it');
      expectNoTrace(error, session.subarray(80));
    });

    test('that has expired', () => {
      const old = Buffer.from(session);
      old.writeBigUInt64BE(BigInt(Date.now() - 5000), 9);
      const error = ofSession(old);
      expect(error).toMatchObject({ code: 'ERR_DTLS_SESSION_EXPIRED', option: 'session' });
      expect(error.message).toMatch(/it expired [56] s ago; connect without it/);
      expectNoTrace(error, session.subarray(80));
    });
  });
});

describe('a server refuses', () => {
  const base = { psk: { alice: key } };

  test.each<[string, object]>([
    ['a fingerprint', { verifyFingerprint: `sha-256 ${'AB:'.repeat(31)}AB`, requestCert: false }],
    ['a verifyPeer, but asks for nothing', { verifyPeer: () => true }],
    ['a verifyPeer, and is told not to ask', { verifyPeer: () => true, requestCert: false }],
  ])('to verify by %s', (_, options) => {
    const error = ofServer({ cert: leaf.cert, key: leaf.key, ...options });
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'requestCert' });
    expect(error.message).toContain('nothing can be verified unless it is true');
  });

  test('to ask for certificates when all suites are for pre-shared keys', () => {
    const error = ofServer({ ...base, requestCert: true });
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'requestCert', value: true });
    expect(error.message).toContain('no client can show one');
  });

  test.each<[string, object, RegExp]>([
    ['SNICallback', { SNICallback: {} }, /a function is expected, not a object/],
    ['ALPNCallback', { ALPNCallback: 'coap' }, /a function is expected, not a string/],
    ['ALPNCallback', { ALPNCallback: () => 'coap', ALPNProtocols: ['coap'] }, /or ALPNProtocols, not both/],
    ['requestCert', { requestCert: 'yes' }, /true or false is expected/],
    ['session', { session: Buffer.alloc(9) }, /no such option of createServer/],
    ['servername', { servername: 'x' }, /no such option of createServer/],
  ])('%s in %p', (option, options, words) => {
    const error = ofServer({ ...base, ...options });
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option });
    expect(error.message).toMatch(words);
  });

  test('ticket keys later, too', () => {
    const server = createServer(base);
    const error = thrown(() => server.setTicketKeys([secret]));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'ticketKeys' });
    expectNoTrace(error, secret);
  });

  test('to be without credentials: a ca is none', () => {
    const error = ofServer({ ca: ca.cert });
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'psk' });
    expect(error.message).toMatch(/give psk or pskCallback, cert and key \(or pfx\)/);
  });

  test('suites with certificates when a pskCallback is all it has', () => {
    const error = ofServer({ pskCallback: () => key, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' });
    expect(error).toMatchObject({ code: 'ERR_DTLS_CIPHERS', option: 'ciphers' });
  });
});

describe('credentials decide the suites of a context:', () => {
  const kinds = ({ ciphers }: SecureContext) => ({
    psk: ciphers.some((name) => name.includes('PSK')),
    certificates: ciphers.some((name) => !name.includes('PSK')),
  });

  test.each<[string, () => SecureContextOptions, ReturnType<typeof kinds>]>([
    ['a pre-shared key', () => ({ psk: { identity: 'alice', key } }), { psk: true, certificates: false }],
    ['a table of them', () => ({ psk: { alice: key } }), { psk: true, certificates: false }],
    ['an ECDSA certificate', () => ({ cert: leaf.chain, key: leaf.key }), { psk: false, certificates: true }],
    ['a PFX', () => ({ pfx: pfx(rsa, passphrase), passphrase }), { psk: false, certificates: true }],
    ['only whom to trust', () => ({ ca: ca.cert }), { psk: false, certificates: true }],
    ['both', () => ({ psk: { alice: key }, cert: leaf.cert, key: leaf.key }), { psk: true, certificates: true }],
    ['nothing', () => ({}), { psk: true, certificates: true }],
  ])('%s', (_, options, expected) => {
    expect(kinds(createSecureContext(options()))).toEqual(expected);
  });

  test.each<[string, () => SecureContextOptions, string[]]>([
    ['a pre-shared key', () => ({ psk: { alice: key } }), ['PSK-AES128-CCM8']],
    ['a certificate', () => ({ cert: leaf.chain, key: leaf.key }), ['ECDHE-ECDSA-AES128-CCM8']],
    ['only whom to trust', () => ({ ca: ca.cert }), ['ECDHE-ECDSA-AES128-CCM8']],
    [
      'both',
      () => ({ psk: { alice: key }, cert: leaf.cert, key: leaf.key }),
      ['ECDHE-ECDSA-AES128-CCM8', 'PSK-AES128-CCM8'],
    ],
    ['nothing', () => ({}), ['ECDHE-ECDSA-AES128-CCM8', 'PSK-AES128-CCM8']],
  ])('ciphers "coap" with %s', (_, options, expected) => {
    expect(createSecureContext({ ...options(), ciphers: 'coap' }).ciphers).toEqual(expected);
  });

  test('and "coap" opens associations with each', async () => {
    for (const [server, association] of [
      [{ psk: { alice: key } }, { psk: { identity: 'alice', key } }],
      [
        { psk: undefined, cert: leaf.chain, key: leaf.key },
        { psk: undefined, ca: ca.cert },
      ],
    ] as const) {
      const link = new Link();
      await serve(link, { ...server, ciphers: 'coap' });
      const { opened } = client(link, { ...association, ciphers: 'coap' }).startHandshake();
      expect((await opened).getCipher()?.name).toMatch(/CCM8$/);
    }
  });
});

test('each kind of key makes a context, several at once, too', () => {
  const all = [leaf, rsa, ed25519];
  for (const { cert, key } of all) expect(() => createSecureContext({ cert, key })).not.toThrow();
  const options = { cert: all.map(({ cert }) => cert), key: all.map(({ key }) => key) };
  expect(createSecureContext(options).hasIdentity).toBe(true);
});
