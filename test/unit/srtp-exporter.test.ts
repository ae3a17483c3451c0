import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ConnectOptions, DtlsAssociation, SrtpProfile } from '../../lib';
import { openCertified, recordNames } from '../support/certified';
import { thrown } from '../support/errors';
import { Link } from '../support/link';
import { client, messages, openPair, talk } from '../support/pair';
import { type Authority, authority, type Certified } from '../support/pki';

let ca: Authority;
let certified: Certified;
let server: { cert: string; key: string };

beforeAll(async () => {
  ca = await authority();
  certified = await ca.issue();
  server = { cert: certified.chain, key: certified.key };
});

afterEach(() => {
  jest.restoreAllMocks();
});

describe('exportKeyingMaterial', () => {
  test('gives both sides the same, and other material for another label, length or context', async () => {
    const { client, peer } = await openPair();
    const asked: Array<[number, string, Uint8Array?]> = [
      [32, 'EXPERIMENTAL one'],
      [32, 'EXPERIMENTAL two'],
      [32, 'EXPERIMENTAL one', Buffer.alloc(0)],
      [32, 'EXPERIMENTAL one', Buffer.from('context')],
      [1, 'EXPERIMENTAL one'],
      [65_536, 'EXPERIMENTAL three'],
    ];
    const materials = asked.map((args) => client.exportKeyingMaterial(...args));
    expect(asked.map((args) => peer.exportKeyingMaterial(...args))).toEqual(materials);
    expect(materials.map(({ length }) => length)).toEqual([32, 32, 32, 32, 1, 65_536]);
    expect(new Set(materials.map((material) => material.toString('hex'))).size).toBe(asked.length);
  });

  test('is different in every association', async () => {
    const [one, other] = [await openPair(), await openPair()];
    const [first, second] = [one, other].map(({ client }) => client.exportKeyingMaterial(32, 'EXPERIMENTAL'));
    expect(first).not.toEqual(second);
  });

  test.each([
    ['no bytes', [0, 'EXPERIMENTAL'], 'length'],
    ['half a byte', [1.5, 'EXPERIMENTAL'], 'length'],
    ['too many bytes', [65_537, 'EXPERIMENTAL'], 'length'],
    ['an empty label', [32, ''], 'label'],
    ['a label of TLS itself', [32, 'key expansion'], 'label'],
    ['a context of text', [32, 'EXPERIMENTAL', 'context'], 'context'],
  ])('refuses %s', async (_, args, option) => {
    const { client } = await openPair();
    const call = client.exportKeyingMaterial as (...args: unknown[]) => Buffer;
    expect(thrown(() => call.apply(client, args))).toMatchObject({ code: 'ERR_DTLS_OPTION', option });
  });

  test('has nothing before the association is open, and after it has ended', async () => {
    const idle = client(new Link());
    const { client: ended, peer } = await openPair();
    const closed = peer.closed;
    await ended.close();
    await closed;
    for (const association of [idle, ended, peer]) {
      const error = thrown(() => association.exportKeyingMaterial(32, 'EXPERIMENTAL'));
      expect(error).toMatchObject({ code: 'ERR_DTLS_STATE' });
    }
  });
});

test('getFinished of one side is getPeerFinished of the other', async () => {
  const { client, peer } = await openPair();
  expect(client.getFinished()).toEqual(peer.getPeerFinished());
  expect(peer.getFinished()).toEqual(client.getPeerFinished());
  // RFC 5246 section 7.4.9.
  expect(client.getFinished()).toHaveLength(12);
  expect(client.getFinished()).not.toEqual(peer.getFinished());
});

describe('getEphemeralKeyInfo', () => {
  const kinds: Array<[string, Partial<ConnectOptions>, object]> = [
    ['X25519', { ecdhCurve: 'X25519' }, { type: 'ECDH', name: 'X25519', size: 253 }],
    ['P-256', { ecdhCurve: 'P-256' }, { type: 'ECDH', name: 'prime256v1', size: 256 }],
    ['a finite field', { ciphers: 'DHE-PSK-AES128-GCM-SHA256' }, { type: 'DH', size: expect.any(Number) }],
    ['no ephemeral key', { ciphers: 'PSK-AES128-GCM-SHA256' }, {}],
  ];

  test.each(kinds)('tells a client of %s, as in node:tls', async (_, options, expected) => {
    const { client, peer } = await openPair({ client: options });
    expect(client.getEphemeralKeyInfo()).toEqual(expected);
    expect(peer.getEphemeralKeyInfo()).toBeNull();
  });
});

test('the extended master secret is in use', async () => {
  const { client, peer } = await openPair();
  expect([client.extendedMasterSecret, peer.extendedMasterSecret]).toEqual([true, true]);
});

describe('of SRTP profiles', () => {
  const sizes: Array<[SrtpProfile, number, number]> = [
    ['SRTP_AES128_CM_SHA1_80', 16, 14],
    ['SRTP_AES128_CM_SHA1_32', 16, 14],
    ['SRTP_AEAD_AES_128_GCM', 16, 12],
    ['SRTP_AEAD_AES_256_GCM', 32, 12],
  ];

  test.each(sizes)('%s has keys of %i and salts of %i bytes, mirrored', async (profile, keySize, saltSize) => {
    const { client, peer } = await openPair({
      client: { srtpProfiles: profile },
      server: { srtpProfiles: [profile] },
    });
    expect([client.srtpProfile, peer.srtpProfile]).toEqual([profile, profile]);
    const keys = client.getSrtpKeys();
    expect(peer.getSrtpKeys()).toEqual({
      profile,
      localKey: keys?.remoteKey,
      localSalt: keys?.remoteSalt,
      remoteKey: keys?.localKey,
      remoteSalt: keys?.localSalt,
    });
    expect([keys?.localKey.length, keys?.remoteKey.length]).toEqual([keySize, keySize]);
    expect([keys?.localSalt.length, keys?.remoteSalt.length]).toEqual([saltSize, saltSize]);
  });

  test('the keys are cut as RFC 5764 section 4.2 has it', async () => {
    const profile = 'SRTP_AES128_CM_SHA1_80';
    const { client } = await openPair({ client: { srtpProfiles: profile }, server: { srtpProfiles: profile } });
    const keys = client.getSrtpKeys();
    const parts = [keys?.localKey, keys?.remoteKey, keys?.localSalt, keys?.remoteSalt] as Buffer[];
    expect(Buffer.concat(parts)).toEqual(client.exportKeyingMaterial(60, 'EXTRACTOR-dtls_srtp'));
  });

  test("the client's first that the server has, too, is agreed on", async () => {
    const { client, peer } = await openPair({
      client: { srtpProfiles: ['SRTP_AEAD_AES_256_GCM', 'SRTP_AES128_CM_SHA1_80', 'SRTP_AEAD_AES_128_GCM'] },
      server: { srtpProfiles: ['SRTP_AEAD_AES_128_GCM', 'SRTP_AES128_CM_SHA1_80'] },
    });
    expect(client.srtpProfile).toBe(peer.srtpProfile);
    expect(['SRTP_AES128_CM_SHA1_80', 'SRTP_AEAD_AES_128_GCM']).toContain(client.srtpProfile);
  });

  test.each([
    ['the client names none', {}, { srtpProfiles: 'SRTP_AES128_CM_SHA1_80' }],
    ['the server names none', { srtpProfiles: 'SRTP_AES128_CM_SHA1_80' }, {}],
    ['they have none in common', { srtpProfiles: 'SRTP_AEAD_AES_128_GCM' }, { srtpProfiles: 'SRTP_AES128_CM_SHA1_80' }],
  ] as const)('none is agreed on when %s', async (_, client, server) => {
    const pair = await openPair({ client, server });
    for (const association of [pair.client, pair.peer]) {
      expect(association.srtpProfile).toBeUndefined();
      expect(association.getSrtpKeys()).toBeUndefined();
    }
    await talk(pair.client, pair.peer);
  });
});

test.each([512, 1024, 2048, 4096] as const)('with a maxFragmentLength of %i messages have no more', async (length) => {
  const { client, peer } = await openPair({ client: { maxFragmentLength: length, mtu: 8192 }, server: { mtu: 8192 } });
  expect([client.maxPayload, peer.maxPayload]).toEqual([length, length]);
  for (const [from, to] of [
    [client, peer],
    [peer, client],
  ] as const) {
    const arrived = messages(to, 1);
    from.send('x'.repeat(length));
    expect((await arrived)[0]).toHaveLength(length);
    expect(thrown(() => from.send('x'.repeat(length + 1)))).toMatchObject({ code: 'ERR_DTLS_MESSAGE_SIZE' });
  }
});

test('a certificate arrives in fragments of the maxFragmentLength', async () => {
  const long = await ca.issue({ keyType: 'rsa-2048' });
  const { client, link } = await openCertified({
    client: { ca: ca.cert, maxFragmentLength: 512 },
    server: { cert: long.chain, key: long.key },
  });
  expect(client.authorized).toBe(true);
  expect(recordNames(link.toClient).filter((name) => name === 'Certificate').length).toBeGreaterThan(1);
});

test('both sides of a handshake with certificates give the same key log line', async () => {
  const link = new Link();
  const lines: string[] = [];
  const pair = openCertified({ link, client: { ca: ca.cert, keylog: true }, server: { ...server, keylog: true } });
  const { client: association, server: listening, peer } = await pair;
  // The events of that handshake are over: listen to the next one.
  listening.on('keylog', (line) => lines.push(line.toString()));
  const second = client(link, { psk: undefined, ca: ca.cert, keylog: true });
  second.on('keylog', (line) => lines.push(line.toString()));
  await second.startHandshake().opened;
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n$/);
  expect(lines[1]).toBe(lines[0]);
  await talk(association, peer);
});

describe('enableTrace', () => {
  function written(): string[] {
    const texts: string[] = [];
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
      texts.push(text.toString());
      return true;
    });
    return texts;
  }

  test.each(['client', 'server'] as const)(
    'of a %s describes the handshake on stderr, and no message',
    async (role) => {
      const texts = written();
      const { client, peer } = await openPair({ [role]: { enableTrace: true } });
      const trace = texts.join('');
      for (const message of ['ServerHello', 'ClientKeyExchange', 'Finished']) expect(trace).toContain(message);
      expect(trace).toContain('cipher_suite');
      const before = texts.length;
      await talk(client, peer);
      expect(texts).toHaveLength(before);
    },
  );

  test('is off unless it is asked for', async () => {
    const texts = written();
    await openPair();
    expect(texts).toEqual([]);
  });
});

describe('DTLS 1.0', () => {
  const old = { minVersion: 'DTLSv1' } as const;

  test.each([
    ['a pre-shared key', () => ({ client: {}, server: {} })],
    ['certificates', () => ({ client: { psk: undefined, ca: ca.cert }, server: { psk: undefined, ...server } })],
  ])('is spoken with %s when it is all that is allowed', async (_, sides) => {
    const only = { ...old, maxVersion: 'DTLSv1' } as const;
    const { client, peer, link } = await openPair({
      client: { ...sides().client, ...only },
      server: { ...sides().server, ...only },
    });
    for (const association of [client, peer]) {
      expect(association.getProtocol()).toBe('DTLSv1');
      expect(association.getCipher()?.version).toBe('DTLSv1');
    }
    expect(link.toServer.sent.at(-1)?.readUInt16BE(1)).toBe(0xfeff);
    await talk(client, peer);
  });

  test('is spoken with a peer that has nothing newer', async () => {
    const { client, peer } = await openPair({ client: old, server: { ...old, maxVersion: 'DTLSv1' } });
    expect(client.getProtocol()).toBe('DTLSv1');
    await talk(client, peer);
  });

  test('gives way to DTLS 1.2', async () => {
    const { client } = await openPair({ client: old, server: old });
    expect(client.getProtocol()).toBe('DTLSv1.2');
  });
});

test('before an association is open there is nothing to tell, and after it has ended nothing of its keys', async () => {
  const idle = client(new Link());
  expect(told(idle)).toEqual({ ...NOTHING, authorized: false, protocol: null, cipher: undefined });
  const { client: ended, peer } = await openPair({
    client: { srtpProfiles: 'SRTP_AES128_CM_SHA1_80', ALPNProtocols: ['coap'], servername: 'a.example' },
    server: { srtpProfiles: 'SRTP_AES128_CM_SHA1_80', ALPNProtocols: ['coap'] },
  });
  const closed = peer.closed;
  await ended.close();
  await closed;
  const kept = { authorized: true, protocol: 'DTLSv1.2', cipher: 'ECDHE-PSK-CHACHA20-POLY1305' };
  expect(told(ended)).toEqual({ ...NOTHING, ...kept, ephemeralKey: {} });
  expect(told(peer)).toEqual({ ...NOTHING, ...kept });
});

const NOTHING = {
  alpn: false,
  servername: false,
  srtpProfile: undefined,
  srtpKeys: undefined,
  finished: undefined,
  peerFinished: undefined,
  ephemeralKey: null,
  extendedMasterSecret: false,
  session: undefined,
  isReused: false,
  publicKey: undefined,
  peerCertificate: {},
  certificate: {},
};

function told(association: DtlsAssociation) {
  return {
    authorized: association.authorized,
    protocol: association.getProtocol(),
    cipher: association.getCipher()?.name,
    alpn: association.alpnProtocol,
    servername: association.servername,
    srtpProfile: association.srtpProfile,
    srtpKeys: association.getSrtpKeys(),
    finished: association.getFinished(),
    peerFinished: association.getPeerFinished(),
    ephemeralKey: association.getEphemeralKeyInfo(),
    extendedMasterSecret: association.extendedMasterSecret,
    session: association.getSession(),
    isReused: association.isSessionReused(),
    publicKey: association.getPeerPublicKey(),
    peerCertificate: association.getPeerCertificate(true),
    certificate: association.getCertificate(),
  };
}
