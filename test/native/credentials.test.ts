import { createPrivateKey } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ClientSessionOptions, ContextOptions, OwnIdentity } from '../../binding';
import { binding, Progress, Status } from '../../lib/native';
import { type Authority, authority, type Certified, pfx, selfSigned } from '../support/pki';
import { createContext, Pair } from './children/pair.cjs';

const UNTRUSTED = 21;
const GARBAGE = Buffer.alloc(100, 0x30);
const NOTHING = Buffer.alloc(0);
const ciphers = 'ECDHE-ECDSA-AES128-GCM-SHA256';

let ca: Authority;
let leaf: Certified;
let stranger: Certified;

beforeAll(async () => {
  ca = await authority();
  leaf = await ca.issue();
  stranger = await selfSigned();
});

const keyOf = ({ key }: Certified): Buffer => createPrivateKey(key).export({ type: 'pkcs8', format: 'der' });

const identityOf = (certified: Certified): OwnIdentity => ({ certificates: [certified.der], key: keyOf(certified) });

const trust = () => new binding.TrustStore([ca.der], []);

/** A client that trusts `ca`, and a server with a certificate of it. */
function certified(clientSession: Partial<ClientSessionOptions> = {}, server: Partial<ContextOptions> = {}) {
  const pair = new Pair({
    client: { ciphers, psk: undefined },
    server: { ciphers, identities: [identityOf(leaf)], ...server },
    clientSession,
  });
  pair.clientContext.setTrust(trust(), false);
  return pair;
}

describe('certificates', () => {
  test('are told by both sides', () => {
    const { client, accepted: server, established } = certified({ serverName: 'sensor.example' }).handshake();
    expect(established).toBe(true);
    expect(client.progress() & Progress.PeerKnown).not.toBe(0);
    expect(client.peerCertificates().map((der) => der.toString('hex'))).toEqual(
      [leaf.der, ca.der].map((der) => der.toString('hex')),
    );
    expect(client.verifyError()).toBe(0);
    expect(client.ownCertificate()).toHaveLength(0);
    expect(client.peerPublicKey()).toHaveLength(0);
    expect(leaf.der.equals(server.ownCertificate())).toBe(true);
    expect(server.progress() & Progress.PeerKnown).toBe(0);
    expect([...server.peerCertificates()]).toEqual([]);
    expect(server.serverName()).toBe('sensor.example');
  });

  test('without trust pass when it is not required, and the verdict stays', () => {
    const pair = certified({ requireTrust: false }, { identities: [identityOf(stranger)] }).handshake();
    expect(pair.established).toBe(true);
    expect(pair.client.verifyError()).not.toBe(0);
    expect([...pair.client.peerCertificates()]).toHaveLength(1);
  });

  test('without trust end the handshake unless told otherwise', () => {
    const pair = certified({ requireTrust: undefined as never }, { identities: [identityOf(stranger)] }).handshake();
    expect(pair.status.client).toBe(Status.Failed);
    expect(pair.client.verifyError()).not.toBe(0);
  });

  test('of a context without a trust store are not trusted', () => {
    const pair = new Pair({
      client: { ciphers, psk: undefined },
      server: { ciphers, identities: [identityOf(leaf)] },
      clientSession: { requireTrust: false },
    }).handshake();
    expect(pair.client.verifyError()).toBe(UNTRUSTED);
  });

  test.each<[string, () => unknown[]]>([
    ['a certificate that is none', () => [{ certificates: [GARBAGE], key: keyOf(leaf) }]],
    ['an issuer that is none', () => [{ certificates: [leaf.der, NOTHING], key: keyOf(leaf) }]],
    ['no certificate', () => [{ certificates: [], key: keyOf(leaf) }]],
    ['the key of another', () => [{ certificates: [leaf.der], key: keyOf(stranger) }]],
    ['a key that is none', () => [{ certificates: [leaf.der], key: GARBAGE }]],
    ['an empty key', () => [{ certificates: [leaf.der], key: NOTHING }]],
    ['an object without anything', () => [{}]],
    ['a good identity and a bad one', () => [identityOf(leaf), {}]],
  ])('are refused by their option: %s', (_, identities) => {
    expect(() => createContext({ ciphers, identities: identities() as OwnIdentity[] })).toThrow(
      expect.objectContaining({ code: 'identities' }) as unknown as Error,
    );
  });
});

describe('a trust store', () => {
  test('counts what it was given, each once', () => {
    expect(new binding.TrustStore([], []).size).toBe(0);
    expect(new binding.TrustStore([ca.der, leaf.der, ca.der], []).size).toBe(2);
  });

  test.each<[string, unknown, unknown]>([
    ['garbage for a certificate', [GARBAGE], []],
    ['garbage for a list', [], [GARBAGE]],
    ['an empty certificate', [NOTHING], []],
    ['PEM', [Buffer.from('-----BEGIN CERTIFICATE-----')], []],
    ['a string', ['certificate'], []],
  ])("is refused with OpenSSL's reason: %s", (_, certificates, lists) => {
    expect(() => new binding.TrustStore(certificates as Uint8Array[], lists as Uint8Array[])).toThrow(/./);
  });

  test('is the only thing that setTrust takes', () => {
    const context = createContext();
    for (const wrong of [undefined, {}, context, Object.create(binding.TrustStore.prototype)]) {
      expect(() => context.setTrust(wrong as never, false)).toThrow('no trust store');
    }
  });
});

describe('readPkcs12', () => {
  test('gives the certificates, leaf first, and the key', () => {
    const read = binding.readPkcs12(pfx(leaf, 'secret'), 'secret');
    if (typeof read === 'string') throw new Error(read);
    expect(leaf.der.equals(read.certificates[0] as Buffer)).toBe(true);
    expect(keyOf(leaf).equals(read.key)).toBe(true);
  });

  test('tells a wrong passphrase from what cannot be read', () => {
    expect(binding.readPkcs12(pfx(leaf, 'secret'), 'Secret')).toBe('passphrase');
    expect(binding.readPkcs12(pfx(leaf, 'secret'), '')).toBe('passphrase');
    for (const garbage of [GARBAGE, NOTHING, leaf.der, pfx(leaf).subarray(1)]) {
      expect(binding.readPkcs12(garbage, '')).toBe('unreadable');
    }
  });
});

describe('keys for other protocols', () => {
  const LABEL = 'EXPERIMENTAL-test';

  test('are the same on both sides, and others for another label or context', () => {
    const { client, accepted: server } = certified().handshake();
    const material = client.exportKeyingMaterial(40, LABEL, undefined);
    expect(material).toHaveLength(40);
    expect(server.exportKeyingMaterial(40, LABEL, undefined)?.equals(material as Buffer)).toBe(true);
    for (const [label, context] of [
      [`${LABEL}2`, undefined],
      [LABEL, NOTHING],
    ] as const) {
      expect(client.exportKeyingMaterial(40, label, context)?.equals(material as Buffer)).toBe(false);
    }
  });

  test('are had up to 65,536 bytes, and only when the handshake is complete', () => {
    const pair = certified();
    expect(pair.client.exportKeyingMaterial(40, LABEL, undefined)).toBeUndefined();
    pair.handshake();
    expect(pair.client.exportKeyingMaterial(65_536, LABEL, undefined)).toHaveLength(65_536);
    for (const length of [65_537, 2 ** 31, 2 ** 32 - 1, -1]) {
      expect(pair.client.exportKeyingMaterial(length, LABEL, undefined)).toBeUndefined();
    }
  });

  test('are not had for a label that TLS uses itself', () => {
    const { client } = certified().handshake();
    expect(client.exportKeyingMaterial(40, 'master secret', undefined)).toBeUndefined();
  });
});

describe('what else was negotiated', () => {
  test('is told by both sides', () => {
    const { client, accepted: server } = certified().handshake();
    expect(client.extendedMasterSecret()).toBe(true);
    expect(client.finished()).toHaveLength(12);
    expect(client.finished().equals(server.peerFinished())).toBe(true);
    expect(client.peerFinished().equals(server.finished())).toBe(true);
    expect(client.ephemeralKey()).toEqual({ type: 'ECDH', name: 'X25519', size: 253 });
    expect(server.ephemeralKey()).toBeUndefined();
    expect(client.srtpProfile()).toBe('');
    expect(client.alpnProtocol()).toBe('');
  });

  test('names the group of an ephemeral key', () => {
    const { client } = certified({}, { groups: 'P-384' }).handshake();
    expect(client.ephemeralKey()).toEqual({ type: 'ECDH', name: 'secp384r1', size: 384 });
    const dhe = 'DHE-PSK-AES128-GCM-SHA256';
    const pair = new Pair({ client: { ciphers: dhe }, server: { ciphers: dhe } }).handshake();
    expect(pair.client.ephemeralKey()).toEqual({ type: 'DH', size: 3072 });
  });

  test('is nothing before the handshake', () => {
    const { client } = certified();
    expect(client.progress() & Progress.PeerKnown).toBe(0);
    expect([...client.peerCertificates()]).toEqual([]);
    expect(client.finished()).toHaveLength(0);
    expect(client.peerFinished()).toHaveLength(0);
    expect(client.ephemeralKey()).toBeUndefined();
    expect(client.alpnProtocol()).toBe('');
    expect(client.srtpProfile()).toBe('');
    expect(client.isReused()).toBe(false);
  });

  test('is described by the trace while it is on', () => {
    const pair = certified();
    pair.client.setTrace(true);
    pair.handshake();
    expect(pair.client.takeTrace().toString()).toMatch(
      /ClientHello[\s\S]*ServerHello[\s\S]*Certificate[\s\S]*Finished/,
    );
    expect(pair.client.takeTrace()).toHaveLength(0);
    pair.client.setTrace(false);
    pair.client.shutdown();
    expect(pair.client.takeTrace()).toHaveLength(0);
  });
});
