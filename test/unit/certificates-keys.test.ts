import { beforeAll, describe, expect, test } from '@jest/globals';
import { createServer } from '../../lib';
import { openCertified } from '../support/certified';
import { thrown } from '../support/errors';
import { talk } from '../support/pair';
import { type Authority, authority, type Certified, encryptKey, type KeyType, pfx } from '../support/pki';

/** What each kind of key signs with, as `getCipher()` tells. */
const kinds: Array<[KeyType, RegExp]> = [
  ['rsa-2048', /^ECDHE-RSA-/],
  ['rsa-4096', /^ECDHE-RSA-/],
  ['p-256', /^ECDHE-ECDSA-/],
  ['p-384', /^ECDHE-ECDSA-/],
  ['ed25519', /^ECDHE-ECDSA-/],
];

let ca: Authority;
const ofServer = new Map<KeyType, Certified>();
const ofClient = new Map<KeyType, Certified>();

beforeAll(async () => {
  ca = await authority();
  for (const [keyType] of kinds) {
    ofServer.set(keyType, await ca.issue({ keyType }));
    ofClient.set(keyType, await ca.issue({ keyType, name: keyType, purpose: 'client' }));
  }
}, 120_000);

function identity(of: Map<KeyType, Certified>, keyType: KeyType): { cert: string; key: string } {
  const { chain, key } = of.get(keyType) as Certified;
  return { cert: chain, key };
}

describe.each(kinds)('with a key of the type %s', (keyType, cipher) => {
  test('a server proves itself', async () => {
    const { client, peer } = await openCertified({ client: { ca: ca.cert }, server: identity(ofServer, keyType) });
    expect(client.authorized).toBe(true);
    expect(client.getCipher()?.name).toMatch(cipher);
    expect(client.getPeerX509Certificate()?.raw).toEqual(ofServer.get(keyType)?.der);
    await talk(client, peer);
  });

  test.each(kinds)('a client proves itself to a server of the type %s', async (serverType) => {
    const { client, peer } = await openCertified({
      client: { ca: ca.cert, ...identity(ofClient, keyType) },
      server: { ...identity(ofServer, serverType), ca: ca.cert, requestCert: true },
    });
    expect(peer.authorized).toBe(true);
    expect(peer.getPeerCertificate().subject.CN).toBe(keyType);
    await talk(client, peer);
  });

  test('a server proves itself in datagrams of 256 bytes', async () => {
    const { client, peer, link } = await openCertified({
      client: { ca: ca.cert, mtu: 256, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256' },
      server: { ...identity(ofServer, keyType), mtu: 256 },
    });
    expect(Math.max(...link.toClient.sent.map(({ length }) => length))).toBeLessThanOrEqual(256);
    await talk(client, peer);
  });
});

test('a root, an intermediate and a leaf of RSA with 4096 bits pass in datagrams of 512 bytes', async () => {
  const root = await authority({ keyType: 'rsa-4096' });
  const middle = await root.intermediate({ keyType: 'rsa-4096' });
  const leaf = await middle.issue({ keyType: 'rsa-4096' });
  const { client, peer, link } = await openCertified({
    client: { ca: root.cert, mtu: 512 },
    server: { cert: leaf.chain, key: leaf.key, mtu: 512 },
  });
  expect(Math.max(...link.toClient.sent.map(({ length }) => length))).toBeLessThanOrEqual(512);
  await talk(client, peer);
}, 60_000);

describe('a server with several identities', () => {
  const both = () => ({
    cert: [ofServer.get('rsa-2048')?.chain as string, ofServer.get('p-256')?.chain as string],
    key: [ofServer.get('p-256')?.key as string, ofServer.get('rsa-2048')?.key as string],
  });

  test.each([
    ['ECDHE-RSA-AES128-GCM-SHA256', 'rsa-2048'],
    ['ECDHE-ECDSA-AES128-GCM-SHA256', 'p-256'],
  ] as const)('shows a client with %s the one with %s', async (ciphers, keyType) => {
    const { client, peer } = await openCertified({ client: { ca: ca.cert, ciphers }, server: both() });
    expect(client.getPeerX509Certificate()?.raw).toEqual(ofServer.get(keyType)?.der);
    expect(peer.getX509Certificate()?.raw).toEqual(ofServer.get(keyType)?.der);
  });

  test('shows the one of its own preference to a client that can do both', async () => {
    const { client } = await openCertified({ client: { ca: ca.cert }, server: both() });
    expect(client.getPeerX509Certificate()?.raw).toEqual(ofServer.get('p-256')?.der);
  });
});

describe('the identity of a server may be', () => {
  test('a PFX with a passphrase', async () => {
    const bytes = pfx(ofServer.get('p-256') as Certified, 'a secret');
    const { client, peer } = await openCertified({
      client: { ca: ca.cert },
      server: { pfx: bytes, passphrase: 'a secret' },
    });
    expect(client.getPeerX509Certificate()?.raw).toEqual(ofServer.get('p-256')?.der);
    await talk(client, peer);
  });

  test('a PFX without a passphrase, with the chain', async () => {
    const intermediate = await ca.intermediate();
    const leaf = await intermediate.issue();
    const { client } = await openCertified({ client: { ca: ca.cert }, server: { pfx: pfx(leaf) } });
    expect(client.authorized).toBe(true);
    expect(client.getPeerCertificate(true).issuerCertificate.subject.CN).toBe('Test intermediate CA');
  });

  test('two PFX, each with a passphrase of its own', async () => {
    const { client } = await openCertified({
      client: { ca: ca.cert, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' },
      server: {
        pfx: [
          { buf: pfx(ofServer.get('p-256') as Certified, 'one'), passphrase: 'one' },
          { buf: pfx(ofServer.get('rsa-2048') as Certified, 'two'), passphrase: 'two' },
        ],
      },
    });
    expect(client.getPeerX509Certificate()?.raw).toEqual(ofServer.get('rsa-2048')?.der);
  });

  test('an encrypted key', async () => {
    const { chain, key } = ofServer.get('ed25519') as Certified;
    const { client } = await openCertified({
      client: { ca: ca.cert },
      server: { cert: chain, key: encryptKey(key, 'a secret'), passphrase: 'a secret' },
    });
    expect(client.authorized).toBe(true);
  });
});

describe('is refused when a server is made:', () => {
  test.each([
    ['a wrong passphrase', 'wrong'],
    ['no passphrase', undefined],
  ])('a PFX with %s', (_, passphrase) => {
    const bytes = pfx(ofServer.get('p-256') as Certified, 'a secret');
    const error = thrown(() => createServer({ pfx: bytes, ...(passphrase === undefined ? {} : { passphrase }) }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_PASSPHRASE', option: 'pfx' });
    expect(error.message).not.toContain('wrong ');
  });

  test('what is no PFX', () => {
    const error = thrown(() => createServer({ pfx: Buffer.from('this is none') }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_PEM', option: 'pfx' });
  });

  test('an encrypted key with a wrong passphrase', () => {
    const { chain, key } = ofServer.get('p-256') as Certified;
    const options = { cert: chain, key: encryptKey(key, 'a secret'), passphrase: 'wrong' };
    expect(thrown(() => createServer(options))).toMatchObject({ code: 'ERR_DTLS_PASSPHRASE', option: 'key' });
  });

  test('a key that is not that of the certificate', () => {
    const options = { cert: ofServer.get('p-256')?.chain as string, key: ofServer.get('rsa-2048')?.key as string };
    expect(thrown(() => createServer(options))).toMatchObject({ code: 'ERR_DTLS_KEY_MISMATCH', option: 'key' });
  });
});
