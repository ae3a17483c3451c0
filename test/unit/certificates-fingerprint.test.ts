import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { HandshakeType } from '../../lib/handshake/wire';
import { failing, openCertified } from '../support/certified';
import { Link } from '../support/link';
import { talk } from '../support/pair';
import { authority, type Certified, selfSigned } from '../support/pki';

let one: Certified;
let other: Certified;
let third: Certified;

beforeAll(async () => {
  [one, other, third] = await Promise.all([selfSigned(), selfSigned({ keyType: 'rsa-2048' }), selfSigned()]);
});

function identity({ cert, key }: Certified): { cert: string; key: string } {
  return { cert, key };
}

/** As an SDP has it. */
function sdp({ cert }: Certified): string {
  return `sha-256 ${new X509Certificate(cert).fingerprint256}`;
}

describe('verifyFingerprint', () => {
  test('takes both peers by their self-signed certificates, as WebRTC does', async () => {
    const { client, peer } = await openCertified({
      client: { ...identity(one), verifyFingerprint: sdp(other), host: 'anything.example' },
      server: { ...identity(other), verifyFingerprint: sdp(one) },
    });
    expect(client).toMatchObject({ authorized: true, authorizationError: undefined });
    expect(peer).toMatchObject({ authorized: true, authorizationError: undefined });
    expect(peer.getPeerX509Certificate()?.raw).toEqual(one.der);
    await talk(client, peer);
  });

  test('may name several, of other lengths, too', async () => {
    const { fingerprint512 } = new X509Certificate(other.cert);
    const { client } = await openCertified({
      client: { verifyFingerprint: [sdp(third), `sha-512 ${fingerprint512}`] },
      server: identity(other),
    });
    expect(client.authorized).toBe(true);
  });

  test('of a client refuses another certificate, before anything of its own has left', async () => {
    const { error, peerError, fromClient } = await failing({
      client: { ...identity(one), verifyFingerprint: sdp(third) },
      server: { ...identity(other), verifyFingerprint: sdp(one) },
    });
    expect(error).toMatchObject({ code: 'ERR_DTLS_CERT_FINGERPRINT', alert: 'bad_certificate' });
    expect(error.message).toContain('fingerprint');
    expect(peerError).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE', alert: 'bad_certificate' });
    expect(fromClient).toEqual(['ClientHello', 'ClientHello', 'Alert']);
  });

  test('refuses a certificate that a trusted CA has signed, too', async () => {
    const ca = await authority();
    const leaf = await ca.issue();
    const { error } = await failing({
      client: { ca: ca.cert, verifyFingerprint: sdp(one) },
      server: { cert: leaf.chain, key: leaf.key },
    });
    expect(error).toMatchObject({ code: 'ERR_DTLS_CERT_FINGERPRINT' });
  });

  test('of a server refuses another certificate, before it sends its Finished', async () => {
    const { error, peerError, fromServer } = await failing({
      client: { ...identity(third), verifyFingerprint: sdp(other) },
      server: { ...identity(other), verifyFingerprint: sdp(one) },
    });
    expect(peerError).toMatchObject({ code: 'ERR_DTLS_CERT_FINGERPRINT', alert: 'bad_certificate' });
    expect(error).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE', alert: 'bad_certificate' });
    expect(fromServer).not.toContain('Finished');
    expect(fromServer).not.toContain('ChangeCipherSpec');
  });

  test('of a server refuses a client without a certificate', async () => {
    const { peerError } = await failing({
      client: { verifyFingerprint: sdp(other) },
      server: { ...identity(other), verifyFingerprint: sdp(one) },
    });
    expect(peerError).toMatchObject({ code: 'ERR_DTLS_CERT_MISSING', alert: 'handshake_failure' });
  });

  test('that does not match is no more than an authorizationError with rejectUnauthorized: false', async () => {
    const { client, peer } = await openCertified({
      client: { verifyFingerprint: sdp(third), rejectUnauthorized: false },
      server: identity(other),
    });
    expect(client).toMatchObject({ authorized: false, authorizationError: 'FINGERPRINT_MISMATCH' });
    await talk(client, peer);
  });

  test('does not let a peer pass that has the certificate and not its key', async () => {
    const link = new Link();
    link.toClient.rule = (datagram) => [withSpoiltSignature(datagram)];
    const { error } = await failing({
      client: { verifyFingerprint: sdp(other) },
      server: identity(other),
      link,
    });
    expect(error).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE', reason: 'bad signature', alert: 'decrypt_error' });
  });
});

/** A ServerKeyExchange ends with the signature. */
function withSpoiltSignature(datagram: Buffer): Buffer {
  const copy = Buffer.from(datagram);
  for (let at = 0; at < copy.length; ) {
    const end = at + 13 + copy.readUInt16BE(at + 11);
    if (copy[at + 13] === HandshakeType.ServerKeyExchange) copy.writeUInt8(copy.readUInt8(end - 1) ^ 1, end - 1);
    at = end;
  }
  return copy;
}
