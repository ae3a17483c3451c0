import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import tls, { type DetailedPeerCertificate, type PeerCertificate } from 'node:tls';
import 'reflect-metadata';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { X509CertificateGenerator } from '@peculiar/x509';
import { legacyCertificate } from '../../lib/credentials/peer-certificate';
import { type Authority, authority, type Certified, type KeyType, selfSigned } from '../support/pki';

let root: Authority;
let intermediate: Authority;
let leaf: Certified;

beforeAll(async () => {
  root = await authority();
  intermediate = await root.intermediate();
  leaf = await intermediate.issue();
});

/** What node:tls says of the certificate, over TCP. */
async function viaTls(
  certified: Certified,
  trust: tls.ConnectionOptions,
): Promise<{ plain: PeerCertificate; detailed: unknown }> {
  const server = tls.createServer({ cert: certified.chain, key: certified.key }, (socket) => socket.end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = tls.connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', ...trust });
  await once(client, 'secureConnect');
  const certificates = { plain: client.getPeerCertificate(), detailed: client.getPeerCertificate(true) };
  client.destroy();
  await once(server.close(), 'close');
  return certificates;
}

/** DER of a certificate that is tied to its issuer by nothing but the name. */
async function nameOnly(subject: string, issuer: string): Promise<Uint8Array> {
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const params = { subject, issuer, publicKey: keys.publicKey, signingKey: keys.privateKey };
  const { rawData } = await X509CertificateGenerator.create({ ...params, signingAlgorithm: SIGNATURE });
  return new Uint8Array(rawData);
}

const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' };

describe('the certificate of a peer', () => {
  test('is {} when there is none', () => {
    expect(legacyCertificate([], false)).toEqual({});
    expect(legacyCertificate([], true)).toEqual({});
  });

  test.each<KeyType>(['p-256', 'rsa-2048', 'ed25519'])('is what node:tls makes of it: %s', async (keyType) => {
    const certified = await intermediate.issue({ keyType });
    const { plain, detailed } = await viaTls(certified, { ca: root.cert });
    const ders = [certified.der, intermediate.der, root.der];
    expect(legacyCertificate(ders, false)).toEqual(plain);
    expect(legacyCertificate(ders, true)).toEqual(detailed);
  });

  test('is what node:tls makes of it: self-signed', async () => {
    const certified = await selfSigned();
    const { plain, detailed } = await viaTls(certified, { rejectUnauthorized: false });
    expect(legacyCertificate([certified.der], false)).toEqual(plain);
    expect(legacyCertificate([certified.der], true)).toEqual(detailed);
  });

  test('has its issuers when detailed, and a root has itself', () => {
    const own = legacyCertificate([leaf.der, intermediate.der, root.der], true) as DetailedPeerCertificate;
    expect(own.subject.CN).toBe('localhost');
    expect(own.issuerCertificate.subject.CN).toBe('Test intermediate CA');
    const last = own.issuerCertificate.issuerCertificate;
    expect(last.subject.CN).toBe('Test root CA');
    expect(last.issuerCertificate).toBe(last);
  });

  test('has them in whatever order they came, and no strangers', async () => {
    const stranger = await authority();
    const own = legacyCertificate([leaf.der, stranger.der, root.der, intermediate.der], true);
    expect(own).toEqual(legacyCertificate([leaf.der, intermediate.der, root.der], true));
  });

  test('ends where an issuer is missing', () => {
    const own = legacyCertificate([leaf.der, root.der], true) as DetailedPeerCertificate;
    expect(own.issuerCertificate).toBeUndefined();
  });

  test('ends where CAs certify each other in a circle', async () => {
    const ders = [await nameOnly('CN=own', 'CN=A'), await nameOnly('CN=A', 'CN=B'), await nameOnly('CN=B', 'CN=A')];
    const own = legacyCertificate(ders, true) as DetailedPeerCertificate;
    expect(own.issuerCertificate.issuerCertificate.subject.CN).toBe('B');
    expect(own.issuerCertificate.issuerCertificate.issuerCertificate).toBeUndefined();
  });

  test('has no issuers otherwise', () => {
    expect(legacyCertificate([leaf.der, intermediate.der], false)).not.toHaveProperty('issuerCertificate');
  });
});
