import { expect, test } from '@jest/globals';
import { IDENTITY, KEY } from '../support/peers/credentials';
import { describePeer } from '../support/peers/debian';
import {
  gnutlsClient,
  gnutlsIdentity,
  gnutlsProblem,
  gnutlsServer,
  gnutlsTrust,
  priority,
  pskFile,
  pskOption,
} from '../support/peers/gnutls';
import { accepted, connectTo, serve } from '../support/peers/ours';
import { Relay } from '../support/peers/relay';
import { letTalk, talkToEcho } from '../support/peers/talk';
import { authority } from '../support/pki';

const RSA_PSK = 'RSA-PSK-AES128-GCM-SHA256';
const psk = { identity: IDENTITY, key: KEY };

const root = authority();
const rsaLeaf = root.then((ca) => ca.issue({ keyType: 'rsa-2048' }));
const leaf = root.then((ca) => ca.issue());

describePeer('our client and gnutls-serv', gnutlsProblem, () => {
  test.concurrent.each([
    { suite: 'PSK-AES128-GCM-SHA256', exchange: '+PSK' },
    { suite: 'ECDHE-PSK-CHACHA20-POLY1305', exchange: '+ECDHE-PSK' },
    { suite: 'DHE-PSK-AES128-GCM-SHA256', exchange: '+DHE-PSK' },
    { suite: RSA_PSK, exchange: '+RSA-PSK' },
  ])('$suite', async ({ suite, exchange }) => {
    await using server = await gnutlsServer(priority(exchange), [...pskFile(), ...gnutlsIdentity(await rsaLeaf)]);
    await using client = await connectTo(server.port, { psk, ca: (await root).cert, ciphers: suite });
    expect(client.getCipher()?.name).toBe(suite);
    expect(client).toMatchObject({ authorized: true, pskIdentity: IDENTITY });
    await talkToEcho(client);
  });

  test.concurrent.each([
    { suite: 'PSK-AES128-CCM8', exchange: '+PSK' },
    { suite: 'ECDHE-ECDSA-AES128-CCM8', exchange: '+ECDHE-ECDSA' },
  ])("ciphers: 'coap' is $suite", async ({ suite, exchange }) => {
    await using server = await gnutlsServer(priority(exchange), [...pskFile(), ...gnutlsIdentity(await leaf)]);
    const own = exchange === '+PSK' ? { psk } : { ca: (await root).cert };
    await using client = await connectTo(server.port, { ...own, ciphers: 'coap' });
    expect(client.getCipher()?.name).toBe(suite);
    await talkToEcho(client);
  });

  test.concurrent('the pskCallback may take longer than the server waits, and is asked once', async () => {
    await using server = await gnutlsServer();
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
    await talkToEcho(client);
  });
});

describePeer('gnutls-cli and our server', gnutlsProblem, () => {
  // The other exchanges are in gnutls-client.test.ts: gnutls-cli crashes when it prints what it negotiated.
  test.concurrent(RSA_PSK, async () => {
    const { chain: cert, key } = await rsaLeaf;
    await using server = await serve({ psk: { [IDENTITY]: KEY }, cert, key, ciphers: RSA_PSK });
    const args = [...priority('+RSA-PSK'), ...gnutlsTrust(await root)];
    await using client = gnutlsClient(server.port, args);
    const association = await accepted(server);
    expect(association.getCipher()?.name).toBe(RSA_PSK);
    expect(association).toMatchObject({ authorized: true, pskIdentity: IDENTITY });
    await letTalk(client);
  });

  test.concurrent.each([
    { suite: 'PSK-AES128-CCM8', exchange: '+PSK' },
    { suite: 'ECDHE-ECDSA-AES128-CCM8', exchange: '+ECDHE-ECDSA' },
  ])("ciphers: 'coap' is $suite", async ({ suite, exchange }) => {
    const { chain: cert, key } = await leaf;
    const own = exchange === '+PSK' ? { psk: { [IDENTITY]: KEY } } : { cert, key };
    await using server = await serve({ ...own, ciphers: 'coap' });
    const args = [...priority(exchange), ...gnutlsTrust(await root)];
    await using client = gnutlsClient(server.port, args, exchange === '+PSK' ? pskOption() : []);
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
    await using client = gnutlsClient(relay.port);
    await accepted(server);
    expect(asked).toEqual([IDENTITY]);
    await letTalk(client);
  });
});
