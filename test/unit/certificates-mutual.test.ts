import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate } from 'node:tls';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { failing, openCertified, recordNames } from '../support/certified';
import { talk } from '../support/pair';
import { type Authority, authority, type Certified } from '../support/pki';

let ca: Authority;
let otherCa: Authority;
let intermediate: Authority;
let server: { cert: string; key: string };
let mine: Certified;
let client: { cert: string; key: string };
let stranger: { cert: string; key: string };

beforeAll(async () => {
  ca = await authority();
  intermediate = await ca.intermediate();
  otherCa = await authority({ name: 'Another root CA' });
  const [ofServer, ofClient, ofStranger] = await Promise.all([
    ca.issue(),
    intermediate.issue({ name: 'sensor-7', purpose: 'client' }),
    otherCa.issue({ name: 'stranger', purpose: 'client' }),
  ]);
  mine = ofClient;
  server = { cert: ofServer.chain, key: ofServer.key };
  client = { cert: ofClient.chain, key: ofClient.key };
  stranger = { cert: ofStranger.chain, key: ofStranger.key };
});

describe('a server with requestCert', () => {
  test('takes a client whose certificate a trusted CA has signed', async () => {
    const pair = await openCertified({
      client: { ca: ca.cert, ...client },
      server: { ...server, ca: ca.cert, requestCert: true },
    });
    expect(pair.peer).toMatchObject({ authorized: true, authorizationError: undefined });
    expect(pair.peer.getPeerCertificate().subject.CN).toBe('sensor-7');
    await talk(pair.client, pair.peer);
  });

  test('refuses a client without a certificate', async () => {
    const { error, peerError, fromServer } = await failing({
      client: { ca: ca.cert },
      server: { ...server, ca: ca.cert, requestCert: true },
    });
    expect(peerError).toMatchObject({ code: 'ERR_DTLS_CERT_MISSING', alert: 'handshake_failure' });
    expect(error).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE', alert: 'handshake_failure' });
    expect(error.message).toContain('perhaps it wants a certificate');
    expect(fromServer).not.toContain('Finished');
  });

  test('refuses a client whose certificate an unknown CA has signed', async () => {
    const { error, peerError, fromServer } = await failing({
      client: { ca: ca.cert, ...stranger },
      server: { ...server, ca: ca.cert, requestCert: true },
    });
    expect(peerError).toMatchObject({ code: 'ERR_DTLS_CERT_UNTRUSTED', alert: 'unknown_ca' });
    expect(error).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE', alert: 'unknown_ca' });
    expect(fromServer).not.toContain('Finished');
  });

  test("refuses a server's certificate as a client's", async () => {
    const { peerError } = await failing({
      client: { ca: ca.cert, ...server },
      server: { ...server, ca: ca.cert, requestCert: true },
    });
    expect(peerError).toMatchObject({ code: 'ERR_DTLS_CERT_UNTRUSTED', alert: 'unsupported_certificate' });
  });

  test('refuses a client whose certificate is revoked', async () => {
    const crl = [await ca.crl(), await intermediate.crl([mine])];
    const { error, peerError } = await failing({
      client: { ca: ca.cert, ...client },
      server: { ...server, ca: ca.cert, crl, requestCert: true },
    });
    expect(peerError).toMatchObject({ code: 'ERR_DTLS_CERT_REVOKED', alert: 'certificate_revoked' });
    expect(error).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE', alert: 'certificate_revoked' });
  });

  test('names the authorities that it trusts, and asks nobody else for a certificate', async () => {
    const asking = await openCertified({
      client: { ca: ca.cert, ...client },
      server: { ...server, ca: ca.cert, requestCert: true },
    });
    const silent = await openCertified({ client: { ca: ca.cert, ...client }, server });
    expect(recordNames(asking.link.toClient)).toContain('CertificateRequest');
    expect(recordNames(silent.link.toClient)).not.toContain('CertificateRequest');
    const root = new X509Certificate(ca.cert).subject.replace('CN=', '');
    expect(Buffer.concat(asking.link.toClient.sent).includes(root)).toBe(true);
    expect(silent.peer.getPeerCertificate()).toEqual({});
  });
});

describe('a server with requestCert and rejectUnauthorized: false', () => {
  const tolerant = () => ({ ...server, ca: ca.cert, requestCert: true, rejectUnauthorized: false });

  test('takes a client without a certificate, and says that it has none', async () => {
    const { client, peer } = await openCertified({ client: { ca: ca.cert }, server: tolerant() });
    // As a server of node:tls.
    expect(peer).toMatchObject({ authorized: false, authorizationError: 'UNABLE_TO_GET_ISSUER_CERT' });
    expect(peer.getPeerCertificate()).toEqual({});
    expect(peer.getPeerX509Certificate()).toBeUndefined();
    await talk(client, peer);
  });

  test('takes a client that it does not trust, and says why it does not', async () => {
    const { client, peer } = await openCertified({ client: { ca: ca.cert, ...stranger }, server: tolerant() });
    expect(peer).toMatchObject({ authorized: false, authorizationError: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    expect(peer.getPeerCertificate().subject.CN).toBe('stranger');
    await talk(client, peer);
  });

  test('tells the chain that a client sent, though it leads nowhere', async () => {
    const middle = await otherCa.intermediate({ name: 'Its intermediate CA' });
    const { chain, key } = await middle.issue({ name: 'stranger', purpose: 'client' });
    const { peer } = await openCertified({ client: { ca: ca.cert, cert: chain, key }, server: tolerant() });
    const certificate = peer.getPeerCertificate(true) as DetailedPeerCertificate;
    expect(certificate.subject.CN).toBe('stranger');
    expect(certificate.issuerCertificate.subject.CN).toBe('Its intermediate CA');
  });

  test('says that a client that it trusts is authorized', async () => {
    const { peer } = await openCertified({ client: { ca: ca.cert, ...client }, server: tolerant() });
    expect(peer).toMatchObject({ authorized: true, authorizationError: undefined });
  });
});

describe('of a mutual handshake, both sides tell', () => {
  const open = () =>
    openCertified({ client: { ca: ca.cert, ...client }, server: { ...server, ca: ca.cert, requestCert: true } });

  test('their own certificate and that of the other', async () => {
    const { client: one, peer: other } = await open();
    for (const [from, to, der] of [
      [one, other, new X509Certificate(client.cert).raw],
      [other, one, new X509Certificate(server.cert).raw],
    ] as const) {
      expect(from.getX509Certificate()?.raw).toEqual(der);
      expect(to.getPeerX509Certificate()?.raw).toEqual(der);
      expect(from.getCertificate()).toEqual(new X509Certificate(der).toLegacyObject());
      expect(to.getPeerCertificate()).toEqual(new X509Certificate(der).toLegacyObject());
    }
  });

  test('the chain of the other up to the trusted root, when they are asked for details', async () => {
    const { client: one, peer: other } = await open();
    const ofClient = other.getPeerCertificate(true) as DetailedPeerCertificate;
    expect(ofClient.subject.CN).toBe('sensor-7');
    expect(ofClient.issuerCertificate.raw).toEqual(Buffer.from(intermediate.der));
    const root = ofClient.issuerCertificate.issuerCertificate;
    expect(root.raw).toEqual(Buffer.from(ca.der));
    expect(root.issuerCertificate).toBe(root);
    expect(one.getPeerCertificate(true).subject.CN).toBe('localhost');
    expect(other.getPeerCertificate()).not.toHaveProperty('issuerCertificate');
  });

  test('nothing of it before they are open and after they have closed', async () => {
    const { client: one, peer: other } = await open();
    const closed = other.closed;
    await one.close();
    await closed;
    for (const association of [one, other]) {
      expect(association.getPeerCertificate(true)).toEqual({});
      expect(association.getCertificate()).toEqual({});
      expect(association.getPeerX509Certificate()).toBeUndefined();
      expect(association.getX509Certificate()).toBeUndefined();
      expect(association.authorized).toBe(true);
    }
  });
});

test('without a certificate a client has none to tell', async () => {
  const { client } = await openCertified({ client: { ca: ca.cert }, server });
  expect(client.getCertificate()).toEqual({});
  expect(client.getX509Certificate()).toBeUndefined();
});

test('an association with a pre-shared key has no certificates, and is authorized by its key', async () => {
  const { client, peer } = await openCertified({
    client: { psk: { identity: 'alice', key: Buffer.alloc(16, 1) } },
    server: { psk: { alice: Buffer.alloc(16, 1) } },
  });
  for (const association of [client, peer]) {
    expect(association).toMatchObject({ authorized: true, authorizationError: undefined });
    expect(association.getPeerCertificate()).toEqual({});
    expect(association.getPeerX509Certificate()).toBeUndefined();
    expect(association.getCertificate()).toEqual({});
  }
});
