import { expect, test } from '@jest/globals';
import { describePeer } from '../support/peers/debian';
import {
  CERTIFICATES_ONLY,
  gnutlsClient,
  gnutlsIdentity,
  gnutlsProblem,
  gnutlsServer,
  gnutlsTrust,
} from '../support/peers/gnutls';
import { accepted, connectTo, failureOf, refused, serve } from '../support/peers/ours';
import { clientLeaf, refusedClients, root, serverLeaf, stranger } from '../support/peers/parties';
import { letTalk, talkToEcho } from '../support/peers/talk';
import type { Authority } from '../support/pki';

describePeer('our client and gnutls-serv with certificates', gnutlsProblem, () => {
  test.concurrent.each([
    { keyType: 'rsa-2048', suite: 'ECDHE-RSA-AES128-GCM-SHA256' },
    { keyType: 'p-256', suite: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
    { keyType: 'ed25519', suite: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
  ] as const)('$keyType: chain and name are verified, messages go both ways', async ({ keyType, suite }) => {
    const leaf = await (await root).issue({ keyType, hosts: ['coap.example'] });
    await using server = await gnutlsServer(CERTIFICATES_ONLY, gnutlsIdentity(leaf));
    await using client = await connectTo(server.port, { ca: (await root).cert, servername: 'coap.example' });
    expect(client).toMatchObject({ authorized: true, authorizationError: undefined });
    expect(client.getCipher()?.name).toBe(suite);
    expect(client.getPeerX509Certificate()?.raw).toEqual(leaf.der);
    await talkToEcho(client);
  });

  test.concurrent.each([
    { what: 'another name', name: 'other.example', ca: root, code: 'ERR_DTLS_CERT_HOST', alert: 'bad_certificate' },
    {
      what: 'an unknown authority',
      name: 'localhost',
      ca: stranger,
      code: 'ERR_DTLS_CERT_UNTRUSTED',
      alert: 'unknown_ca',
    },
  ])('a certificate of $what is refused, and the server told', async ({ name, ca, code, alert }) => {
    await using server = await gnutlsServer(CERTIFICATES_ONLY, gnutlsIdentity(await serverLeaf));
    const error = await failureOf(server.port, { ca: (await ca).cert, servername: name });
    expect(error).toMatchObject({ code, alert });
    await server.says(/A TLS fatal alert has been received/);
  });

  test.concurrent('both sides show certificates and verify them', async () => {
    const ca = await root;
    const args = [...CERTIFICATES_ONLY, ...gnutlsTrust(ca), '--require-client-cert', '--verify-client-cert'];
    await using server = await gnutlsServer(args, gnutlsIdentity(await serverLeaf));
    const { chain: cert, key } = await clientLeaf;
    await using client = await connectTo(server.port, { ca: ca.cert, cert, key });
    await talkToEcho(client);
  });

  test.concurrent('a certificate of ours of an unknown authority is refused by the server, which the error tells', async () => {
    const ca = await root;
    const args = [...CERTIFICATES_ONLY, ...gnutlsTrust(ca), '--require-client-cert', '--verify-client-cert'];
    await using server = await gnutlsServer(args, gnutlsIdentity(await serverLeaf));
    const { chain: cert, key } = await (await stranger).issue({ purpose: 'client' });
    const error = await failureOf(server.port, { ca: ca.cert, cert, key });
    expect(error).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE', alert: 'access_denied' });
  });

  // It sends no alert.
  test.concurrent('a server that requires a certificate of ours is silent without one', async () => {
    const ca = await root;
    const args = [...CERTIFICATES_ONLY, ...gnutlsTrust(ca), '--require-client-cert'];
    await using server = await gnutlsServer(args, gnutlsIdentity(await serverLeaf));
    const error = await failureOf(server.port, { ca: ca.cert, handshakeTimeout: 1500 });
    expect(error).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE_TIMEOUT' });
    await server.says(/Error in handshake\(\): No certificate was found/);
  });
});

describePeer('gnutls-cli with certificates and our server', gnutlsProblem, () => {
  test.concurrent.each([
    { keyType: 'rsa-2048', suite: 'ECDHE-RSA-AES128-GCM-SHA256', described: 'RSA-PSS-RSAE-SHA256' },
    { keyType: 'p-256', suite: 'ECDHE-ECDSA-AES128-GCM-SHA256', described: 'ECDSA-SHA256' },
    { keyType: 'ed25519', suite: 'ECDHE-ECDSA-AES128-GCM-SHA256', described: 'EdDSA-Ed25519' },
  ] as const)('$keyType: chain and name are verified, messages go both ways', async ({ keyType, suite, described }) => {
    const { chain: cert, key } = await (await root).issue({ keyType, hosts: ['coap.example'] });
    await using server = await serve({ cert, key });
    await using client = gnutlsClient(server.port, await verifying('coap.example'), []);
    const association = await accepted(server);
    expect(association.getCipher()?.name).toBe(suite);
    await client.says(new RegExp(`^- Description: .*\\(${described}\\)-\\(AES-128-GCM\\)$`, 'm'));
    await client.says(/^- Status: The certificate is trusted\.\s*$/m);
    await letTalk(client);
    client.endInput();
    expect(await association.closed).toEqual({ reason: 'peer' });
  });

  test.concurrent.each([
    { what: 'another name', name: 'other.example', ca: root },
    { what: 'an unknown authority', name: 'localhost', ca: stranger },
  ])('a certificate of $what is refused, and our server told', async ({ name, ca }) => {
    const { chain: cert, key } = await serverLeaf;
    await using server = await serve({ cert, key });
    const error = refused(server);
    await using _client = gnutlsClient(server.port, await verifying(name, await ca), []);
    expect(await error).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE', alert: 'bad_certificate' });
  });

  test.concurrent('both sides show certificates and verify them', async () => {
    const { chain: cert, key } = await serverLeaf;
    await using server = await serve({ cert, key, ca: (await root).cert, requestCert: true });
    const args = [...(await verifying('localhost')), ...gnutlsIdentity(await clientLeaf)];
    await using client = gnutlsClient(server.port, args, []);
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
      const args = [...(await verifying('localhost')), ...(leaf ? gnutlsIdentity(leaf) : [])];
      await using client = gnutlsClient(server.port, args, []);
      expect(await error).toMatchObject({ code, alert });
      await client.says(new RegExp(`^\\*\\*\\* Received alert \\[${number}\\]`, 'm'));
    },
  );
});

/** Arguments of a client that refuses servers whose certificate is not in order. */
async function verifying(name: string, ca?: Authority): Promise<string[]> {
  const names = ['--verify-hostname', name, '--sni-hostname', name];
  return [...CERTIFICATES_ONLY, ...names, ...gnutlsTrust(ca ?? (await root))];
}
