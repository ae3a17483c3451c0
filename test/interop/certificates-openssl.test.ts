import { X509Certificate } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { describePeer } from '../support/peers/debian';
import { opensslClient, opensslIdentity, opensslProblem, opensslServer, opensslTrust } from '../support/peers/openssl';
import { accepted, connectTo, failureOf, refused, serve } from '../support/peers/ours';
import { clientLeaf, refusedClients, root, serverLeaf, stranger } from '../support/peers/parties';
import { letTalk, talkTo } from '../support/peers/talk';
import { type Authority, selfSigned } from '../support/pki';

describePeer('our client and openssl s_server with certificates', opensslProblem, () => {
  test.concurrent.each([
    { keyType: 'rsa-2048', suite: 'ECDHE-RSA-AES128-GCM-SHA256' },
    { keyType: 'p-256', suite: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
  ] as const)('$keyType: chain and name are verified, messages go both ways', async ({ keyType, suite }) => {
    const leaf = await (await root).issue({ keyType, hosts: ['coap.example'] });
    await using server = await opensslServer([], opensslIdentity(leaf));
    await using client = await connectTo(server.port, { ca: (await root).cert, servername: 'coap.example' });
    expect(client).toMatchObject({ authorized: true, authorizationError: undefined });
    expect(client.getCipher()?.name).toBe(suite);
    expect(client.getPeerX509Certificate()?.raw).toEqual(leaf.der);
    await talkTo(server, client);
    await client.close();
    await server.says(/^DONE$/m);
  });

  test.concurrent('a chain with an intermediate authority is verified', async () => {
    const leaf = await (await (await root).intermediate()).issue();
    await using server = await opensslServer([], opensslIdentity(leaf));
    await using client = await connectTo(server.port, { ca: (await root).cert });
    expect(client.authorized).toBe(true);
    await talkTo(server, client);
  });

  test.concurrent('a certificate for another name is refused, and the server told', async () => {
    await using server = await opensslServer([], opensslIdentity(await serverLeaf));
    const error = await failureOf(server.port, { ca: (await root).cert, servername: 'other.example' });
    expect(error).toMatchObject({ code: 'ERR_DTLS_CERT_HOST', alert: 'bad_certificate' });
    await server.says(/SSL alert number 42$/m);
  });

  test.concurrent('an unknown authority is refused, and the server told', async () => {
    await using server = await opensslServer([], opensslIdentity(await serverLeaf));
    const error = await failureOf(server.port, { ca: (await stranger).cert });
    expect(error).toMatchObject({ code: 'ERR_DTLS_CERT_UNTRUSTED', alert: 'unknown_ca' });
    await server.says(/SSL alert number 48$/m);
  });

  test.concurrent('both sides show certificates and verify them', async () => {
    const ca = await root;
    await using server = await opensslServer(
      ['-Verify', '2', '-verify_return_error', ...opensslTrust(ca)],
      opensslIdentity(await serverLeaf),
    );
    const { chain: cert, key } = await clientLeaf;
    await using client = await connectTo(server.port, { ca: ca.cert, cert, key });
    await server.says(/^subject=CN = a client$/m);
    await talkTo(server, client);
  });

  test.concurrent.each([
    { what: 'no certificate', issuer: undefined, alert: 'handshake_failure' },
    { what: 'a certificate of an unknown authority', issuer: stranger, alert: 'unknown_ca' },
  ])('$what of ours is refused by the server, which the error tells', async ({ issuer, alert }) => {
    const ca = await root;
    await using server = await opensslServer(
      ['-Verify', '2', '-verify_return_error', ...opensslTrust(ca)],
      opensslIdentity(await serverLeaf),
    );
    const leaf = await (await issuer)?.issue({ purpose: 'client' });
    const error = await failureOf(server.port, { ca: ca.cert, cert: leaf?.chain, key: leaf?.key });
    expect(error).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE', alert });
  });

  test.concurrent('a self-signed certificate is known by its fingerprint', async () => {
    const leaf = await selfSigned({ name: 'WebRTC', hosts: [] });
    await using server = await opensslServer([], opensslIdentity(leaf));
    await using client = await connectTo(server.port, { verifyFingerprint: fingerprintOf(leaf.cert) });
    expect(client.authorized).toBe(true);
    await talkTo(server, client);
  });

  test.concurrent('a self-signed certificate with another fingerprint is refused, and the server told', async () => {
    await using server = await opensslServer([], opensslIdentity(await selfSigned()));
    const verifyFingerprint = fingerprintOf((await selfSigned()).cert);
    const error = await failureOf(server.port, { verifyFingerprint });
    expect(error).toMatchObject({ code: 'ERR_DTLS_CERT_FINGERPRINT', alert: 'bad_certificate' });
    await server.says(/SSL alert number 42$/m);
  });
});

/** As SDP has it (RFC 8122). */
function fingerprintOf(cert: string): string {
  return `sha-256 ${new X509Certificate(cert).fingerprint256}`;
}

describePeer('openssl s_client with certificates and our server', opensslProblem, () => {
  test.concurrent.each([
    { keyType: 'rsa-2048', type: 'RSA-PSS', suite: 'ECDHE-RSA-AES128-GCM-SHA256' },
    { keyType: 'p-256', type: 'ECDSA', suite: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
    { keyType: 'ed25519', type: 'ed25519', suite: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
  ] as const)('$keyType: chain and name are verified, messages go both ways', async ({ keyType, type, suite }) => {
    const { chain: cert, key } = await (await root).issue({ keyType, hosts: ['coap.example'] });
    await using server = await serve({ cert, key });
    await using client = opensslClient(server.port, await verifying('coap.example'), []);
    const association = await accepted(server);
    expect(association.getCipher()?.name).toBe(suite);
    await client.says(new RegExp(`^Peer signature type: ${type}$`, 'm'));
    await client.says(/^Verification: OK$/m);
    await letTalk(client);
    client.endInput();
    expect(await association.closed).toEqual({ reason: 'peer' });
  });

  test.concurrent.each([
    { what: 'another name', name: 'other.example', ca: root, alert: 'bad_certificate' },
    { what: 'an unknown authority', name: 'localhost', ca: stranger, alert: 'unknown_ca' },
  ])('a certificate of $what is refused, and our server told', async ({ name, ca, alert }) => {
    const { chain: cert, key } = await serverLeaf;
    await using server = await serve({ cert, key });
    const error = refused(server);
    await using _client = opensslClient(server.port, await verifying(name, await ca), []);
    expect(await error).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE', alert });
  });

  test.concurrent('both sides show certificates and verify them', async () => {
    const { chain: cert, key } = await serverLeaf;
    await using server = await serve({ cert, key, ca: (await root).cert, requestCert: true });
    const args = [...(await verifying('localhost')), ...opensslIdentity(await clientLeaf)];
    await using client = opensslClient(server.port, args, []);
    const association = await accepted(server);
    expect(association.authorized).toBe(true);
    expect(association.getPeerCertificate().subject.CN).toBe('a client');
    await letTalk(client);
  });

  test.concurrent.each(refusedClients)(
    'a client with $what is refused, and told',
    async ({ issuer, code, alert, number }) => {
      const { chain: cert, key } = await serverLeaf;
      await using server = await serve({ cert, key, ca: (await root).cert, requestCert: true });
      const error = refused(server);
      const leaf = await (await issuer)?.issue({ purpose: 'client' });
      await using client = opensslClient(server.port, leaf && opensslIdentity(leaf), []);
      expect(await error).toMatchObject({ code, alert });
      await client.says(new RegExp(`SSL alert number ${number}$`, 'm'));
    },
  );

  test.concurrent('a self-signed certificate is known by its fingerprint', async () => {
    const { chain: cert, key } = await serverLeaf;
    const leaf = await selfSigned({ name: 'WebRTC', hosts: [], purpose: 'client' });
    await using server = await serve({ cert, key, verifyFingerprint: fingerprintOf(leaf.cert) });
    await using client = opensslClient(server.port, opensslIdentity(leaf), []);
    expect((await accepted(server)).authorized).toBe(true);
    await letTalk(client);
  });
});

/** Arguments of a client that refuses servers whose certificate is not in order. */
async function verifying(name: string, ca?: Authority): Promise<string[]> {
  return ['-verify_return_error', '-verify_hostname', name, '-servername', name, ...opensslTrust(ca ?? (await root))];
}
