import { expect, test } from '@jest/globals';
import { IDENTITY, KEY } from '../support/peers/credentials';
import { describePeer } from '../support/peers/debian';
import {
  opensslClient,
  opensslIdentity,
  opensslProblem,
  opensslServer,
  opensslTrust,
  PSK,
} from '../support/peers/openssl';
import { accepted, connectTo, failureOf, serve } from '../support/peers/ours';
import { Relay } from '../support/peers/relay';
import { letTalk, talkTo } from '../support/peers/talk';
import { authority } from '../support/pki';

const EXCHANGES = [
  'PSK-AES128-GCM-SHA256',
  'ECDHE-PSK-CHACHA20-POLY1305',
  'DHE-PSK-AES128-GCM-SHA256',
  'RSA-PSK-AES128-GCM-SHA256',
];
const COAP = [
  { suite: 'PSK-AES128-CCM8', needs: 'psk' },
  { suite: 'ECDHE-ECDSA-AES128-CCM8', needs: 'certificate' },
] as const;
const psk = { identity: IDENTITY, key: KEY };

const root = authority();
const rsaLeaf = root.then((ca) => ca.issue({ keyType: 'rsa-2048' }));
const leaf = root.then((ca) => ca.issue());

describePeer('our client and openssl s_server', opensslProblem, () => {
  test.concurrent.each(EXCHANGES)('%s', async (suite) => {
    const credentials = suite.startsWith('RSA') ? opensslIdentity(await rsaLeaf) : ['-nocert'];
    await using server = await opensslServer(['-cipher', suite], [...PSK, ...credentials]);
    await using client = await connectTo(server.port, { psk, ca: (await root).cert, ciphers: suite });
    expect(client.getCipher()?.name).toBe(suite);
    expect(client).toMatchObject({ authorized: true, pskIdentity: IDENTITY });
    await talkTo(server, client);
  });

  test.concurrent('RSA-PSK: the certificate of the server is verified, too', async () => {
    const suite = 'RSA-PSK-AES128-GCM-SHA256';
    await using server = await opensslServer(['-cipher', suite], [...PSK, ...opensslIdentity(await rsaLeaf)]);
    const ca = (await authority()).cert;
    expect(await failureOf(server.port, { psk, ca, ciphers: suite })).toMatchObject({
      code: 'ERR_DTLS_CERT_UNTRUSTED',
    });
  });

  test.concurrent.each(COAP)("ciphers: 'coap' is $suite", async ({ suite, needs }) => {
    const credentials = needs === 'psk' ? ['-nocert', ...PSK] : opensslIdentity(await leaf);
    await using server = await opensslServer(['-cipher', 'ALL:@SECLEVEL=0'], credentials);
    const own = needs === 'psk' ? { psk } : { ca: (await root).cert };
    await using client = await connectTo(server.port, { ...own, ciphers: 'coap' });
    expect(client.getCipher()?.name).toBe(suite);
    await talkTo(server, client);
  });

  test.concurrent('the pskCallback may take longer than the server waits, and is asked once', async () => {
    await using server = await opensslServer(['-timeout']);
    await using relay = await Relay.open(server.port);
    const asked: string[] = [];
    await using client = await connectTo(relay.port, {
      pskCallback: async (hint) => {
        asked.push(hint);
        await relay.carries('ServerHello', 2);
        return psk;
      },
    });
    expect(asked).toEqual(['']);
    await talkTo(server, client);
  });
});

describePeer('openssl s_client and our server', opensslProblem, () => {
  // OpenSSL's automatic choice for this suite would be 1024 bits.
  test.concurrent('DHE has 3072 bits', async () => {
    await using server = await serve({ ciphers: 'DHE-PSK-AES128-GCM-SHA256' });
    await using client = opensslClient(server.port);
    await client.says(/^Server Temp Key: DH, 3072 bits$/m);
  });

  test.concurrent.each(EXCHANGES)('%s', async (suite) => {
    const { chain: cert, key } = await rsaLeaf;
    const own = suite.startsWith('RSA') ? { cert, key } : {};
    await using server = await serve({ psk: { [IDENTITY]: KEY }, ...own, ciphers: suite });
    const args = ['-cipher', suite, '-verify_return_error', ...opensslTrust(await root)];
    await using client = opensslClient(server.port, args);
    const association = await accepted(server);
    expect(association.getCipher()?.name).toBe(suite);
    expect(association).toMatchObject({ authorized: true, pskIdentity: IDENTITY });
    await letTalk(client);
  });

  test.concurrent.each(COAP)("ciphers: 'coap' is $suite", async ({ suite, needs }) => {
    const { chain: cert, key } = await leaf;
    const own = needs === 'psk' ? { psk: { [IDENTITY]: KEY } } : { cert, key };
    await using server = await serve({ ...own, ciphers: 'coap' });
    await using client = opensslClient(server.port, ['-cipher', 'ALL:PSK:@SECLEVEL=0']);
    expect((await accepted(server)).getCipher()?.name).toBe(suite);
    await letTalk(client);
  });

  test.concurrent('the pskCallback may take longer than the client waits, and is asked once', async () => {
    const asked: string[] = [];
    // The client is not there yet when the server is made.
    let repeated = Promise.resolve();
    await using server = await serve({
      pskCallback: async (identity) => {
        asked.push(identity);
        await repeated;
        return KEY;
      },
    });
    await using relay = await Relay.open(server.port);
    repeated = relay.carries('ClientKeyExchange', 2);
    await using client = opensslClient(relay.port);
    await accepted(server);
    expect(asked).toEqual([IDENTITY]);
    await letTalk(client);
  });
});
