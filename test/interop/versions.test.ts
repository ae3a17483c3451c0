import { expect, test } from '@jest/globals';
import { describePeer } from '../support/peers/debian';
import { gnutlsClient, gnutlsIdentity, gnutlsProblem, gnutlsServer, gnutlsTrust } from '../support/peers/gnutls';
import { opensslClient, opensslIdentity, opensslProblem, opensslServer, opensslTrust } from '../support/peers/openssl';
import { accepted, connectTo, failureOf, refused, serve } from '../support/peers/ours';
import { letTalk, talkTo, talkToEcho } from '../support/peers/talk';
import { authority } from '../support/pki';

const OPENSSL_DTLS_1_0 = ['-cipher', 'ALL:@SECLEVEL=0'];
const GNUTLS_DTLS_1_0 = ['--priority', 'NORMAL:-VERS-ALL:+VERS-DTLS1.0'];

const root = authority();
const leaf = root.then((ca) => ca.issue());

describePeer('DTLS 1.0 with OpenSSL', opensslProblem, () => {
  test.concurrent('our client speaks it when asked to', async () => {
    await using server = await opensslServer(OPENSSL_DTLS_1_0, opensslIdentity(await leaf), '-dtls1');
    await using client = await connectTo(server.port, { ca: (await root).cert, minVersion: 'DTLSv1' });
    expect(client.getProtocol()).toBe('DTLSv1');
    await talkTo(server, client);
  });

  test.concurrent('our client refuses it otherwise', async () => {
    await using server = await opensslServer(OPENSSL_DTLS_1_0, opensslIdentity(await leaf), '-dtls1');
    const error = await failureOf(server.port, { ca: (await root).cert });
    // The server chooses DTLS 1.0 and then finds no suite for it.
    expect(error).toMatchObject({ code: 'ERR_DTLS_NO_SHARED_CIPHER', alert: 'handshake_failure' });
  });

  test.concurrent('our server speaks it when asked to', async () => {
    const { chain: cert, key } = await leaf;
    await using server = await serve({ cert, key, minVersion: 'DTLSv1' });
    const args = [...OPENSSL_DTLS_1_0, '-verify_return_error', ...opensslTrust(await root)];
    await using client = opensslClient(server.port, args, [], '-dtls1');
    expect((await accepted(server)).getProtocol()).toBe('DTLSv1');
    await letTalk(client);
  });

  test.concurrent('our server refuses it otherwise', async () => {
    const { chain: cert, key } = await leaf;
    await using server = await serve({ cert, key });
    const error = refused(server);
    await using client = opensslClient(server.port, OPENSSL_DTLS_1_0, [], '-dtls1');
    expect(await error).toMatchObject({ code: 'ERR_DTLS_VERSION', alert: 'protocol_version' });
    await client.says(/SSL alert number 70$/m);
  });
});

describePeer('DTLS 1.0 with GnuTLS', gnutlsProblem, () => {
  test.concurrent('our client speaks it when asked to', async () => {
    await using server = await gnutlsServer(GNUTLS_DTLS_1_0, gnutlsIdentity(await leaf));
    await using client = await connectTo(server.port, { ca: (await root).cert, minVersion: 'DTLSv1' });
    expect(client.getProtocol()).toBe('DTLSv1');
    await talkToEcho(client);
  });

  test.concurrent('our server speaks it when asked to', async () => {
    const { chain: cert, key } = await leaf;
    await using server = await serve({ cert, key, minVersion: 'DTLSv1' });
    await using client = gnutlsClient(server.port, [...GNUTLS_DTLS_1_0, ...gnutlsTrust(await root)], []);
    expect((await accepted(server)).getProtocol()).toBe('DTLSv1');
    await letTalk(client);
  });
});
