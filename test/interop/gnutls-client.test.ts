import { expect, test } from '@jest/globals';
import { IDENTITY, WRONG_KEY_HEX } from '../support/peers/credentials';
import { describePeer } from '../support/peers/debian';
import { CERTIFICATES_ONLY, gnutlsClient, gnutlsProblem, priority, pskOption } from '../support/peers/gnutls';
import { accepted, refused, serve } from '../support/peers/ours';
import { Relay } from '../support/peers/relay';

const ready = /^- Simple Client Mode:$/m;

describePeer('gnutls-cli and our server', gnutlsProblem, () => {
  test.concurrent.each([
    { suite: 'PSK-AES256-GCM-SHA384', ciphers: undefined, name: 'AES-256-GCM' },
    { suite: 'PSK-AES128-GCM-SHA256', ciphers: 'PSK-AES128-GCM-SHA256', name: 'AES-128-GCM' },
    { suite: 'PSK-AES128-CCM8', ciphers: 'PSK-AES128-CCM8:@SECLEVEL=0', name: 'AES-128-CCM-8' },
    { suite: 'PSK-CHACHA20-POLY1305', ciphers: 'PSK-CHACHA20-POLY1305', name: 'CHACHA20-POLY1305' },
    { suite: 'PSK-AES128-CBC-SHA256', ciphers: 'PSK-AES128-CBC-SHA256', name: 'AES-128-CBC\\)-\\(SHA256' },
  ])('exchange messages with $suite, and the client closes', async ({ suite, ciphers, name }) => {
    await using server = await serve({ ciphers });
    await using client = gnutlsClient(server.port);
    const association = await accepted(server);
    expect(association.getCipher()?.name).toBe(suite);
    expect(association.pskIdentity).toBe(IDENTITY);
    await client.says(new RegExp(`^- Description: .*\\(PSK\\)-\\(${name}\\)$`, 'm'));
    await client.says(ready);
    client.type('from the client');
    await client.says(/^from the client$/m);
    client.endInput();
    expect(await association.closed).toEqual({ reason: 'peer' });
  });

  // gnutls-cli 3.7.9 crashes here when it prints what it negotiated: only the handshake can be shown.
  test.concurrent.each([
    { suite: 'ECDHE-PSK-CHACHA20-POLY1305', keyExchange: '+ECDHE-PSK' },
    { suite: 'DHE-PSK-AES256-GCM-SHA384', keyExchange: '+DHE-PSK' },
  ])('complete a handshake with $suite', async ({ suite, keyExchange }) => {
    await using server = await serve();
    await using _client = gnutlsClient(server.port, priority(keyExchange));
    const association = await accepted(server);
    expect(association.getCipher()?.name).toBe(suite);
  });

  test.concurrent('our close_notify reaches the client', async () => {
    await using server = await serve();
    await using client = gnutlsClient(server.port);
    const association = await accepted(server);
    await client.says(ready);
    await association.close();
    await client.says(/^- Peer has closed the GnuTLS connection$/m);
  });

  test.concurrent('the client sees the hint', async () => {
    await using server = await serve({ pskIdentityHint: 'which of my keys' });
    await using client = gnutlsClient(server.port);
    await client.says(/^- PSK authentication. PSK hint 'which of my keys'$/m);
  });

  test.concurrent('handshake and messages fit an mtu of 256 bytes', async () => {
    await using server = await serve({ mtu: 256, pskIdentityHint: 'h'.repeat(128) });
    await using relay = await Relay.open(server.port);
    await using client = gnutlsClient(relay.port, [...priority('+PSK'), '--mtu', '256']);
    const association = await accepted(server);
    await client.says(ready);
    const largest = `${'m'.repeat(association.maxPayload - 1)}\n`;
    association.send(largest);
    await client.says(new RegExp(`^${largest}`, 'm'));
    expect(relay.largest('server')).toBe(256);
  });

  test.concurrent('a hundred messages arrive, and their echoes', async () => {
    await using server = await serve();
    await using client = gnutlsClient(server.port);
    await client.says(ready);
    const lines = Array.from({ length: 100 }, (_, i) => `message ${i}`);
    for (const line of lines) client.type(line);
    await client.says(new RegExp(`^${lines.join('\n')}\n`, 'm'));
  });

  // gnutls-cli repeats its flight after 1 s: the second Finished that does not authenticate is the sign.
  test.concurrent('a wrong key shows in a Finished that never authenticates', async () => {
    await using server = await serve();
    const error = refused(server);
    await using client = gnutlsClient(server.port, undefined, pskOption({ keyHex: WRONG_KEY_HEX }));
    expect(await error).toMatchObject({ code: 'ERR_DTLS_PSK_MISMATCH', handshake: { lastReceived: 'Finished' } });
    expect((await error).message).toMatch(/pre-shared keys differ.*"alice"/);
    await client.says(/^\*\*\* Received alert \[20\]/m);
  });

  test.concurrent('an identity that the server does not know is told by name, to the client by the alert', async () => {
    await using server = await serve();
    const error = refused(server);
    await using client = gnutlsClient(server.port, undefined, pskOption({ identity: 'bob' }));
    expect(await error).toMatchObject({ code: 'ERR_DTLS_PSK_UNKNOWN', alert: 'unknown_psk_identity' });
    expect((await error).message).toMatch(/"bob"/);
    await client.says(/^\*\*\* Received alert \[115\]/m);
  });

  // gnutls-cli ignores an alert in the place of a ServerHello; it repeats its ClientHello and believes the second.
  test.concurrent.each([
    { client: 'with another suite', args: priority('+DHE-PSK') },
    { client: 'without a pre-shared key', args: CERTIFICATES_ONLY },
  ])('a client $client has no suite in common', async ({ args }) => {
    await using server = await serve({ ciphers: 'PSK-AES256-GCM-SHA384' });
    const error = refused(server);
    await using client = gnutlsClient(server.port, args);
    expect(await error).toMatchObject({ code: 'ERR_DTLS_NO_SHARED_CIPHER', alert: 'handshake_failure' });
    await client.says(/^\*\*\* Received alert \[40\]/m);
  });

  test.concurrent('a client that died comes back from the same port', async () => {
    await using server = await serve();
    await using relay = await Relay.open(server.port);
    await using first = gnutlsClient(relay.port);
    const former = await accepted(server);
    await first.stop('SIGKILL');
    await using second = gnutlsClient(relay.port);
    const association = await accepted(server);
    expect(await former.closed).toEqual({ reason: 'replaced' });
    expect(association.remote).toEqual(former.remote);
    await second.says(ready);
    second.type('back again');
    await second.says(/^back again$/m);
  });
});
