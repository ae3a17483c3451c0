import { expect, test } from '@jest/globals';
import { IDENTITY, WRONG_KEY_HEX } from '../support/peers/credentials';
import { describePeer } from '../support/peers/debian';
import { opensslClient, opensslProblem } from '../support/peers/openssl';
import { accepted, refused, serve } from '../support/peers/ours';
import { freePort } from '../support/peers/process';
import { Relay } from '../support/peers/relay';

const wrongPsk = ['-psk', WRONG_KEY_HEX, '-psk_identity', IDENTITY];

describePeer('openssl s_client and our server', opensslProblem, () => {
  test.concurrent.each([
    { suite: 'ECDHE-PSK-CHACHA20-POLY1305', ciphers: undefined },
    { suite: 'PSK-AES128-GCM-SHA256', ciphers: 'PSK-AES128-GCM-SHA256' },
    { suite: 'PSK-AES128-CCM8', ciphers: 'PSK-AES128-CCM8:@SECLEVEL=0' },
    { suite: 'ECDHE-PSK-AES128-CBC-SHA256', ciphers: 'ECDHE-PSK-AES128-CBC-SHA256' },
    { suite: 'DHE-PSK-AES256-GCM-SHA384', ciphers: 'DHE-PSK-AES256-GCM-SHA384' },
  ])('exchange messages with $suite, and the client closes', async ({ suite, ciphers }) => {
    await using server = await serve({ ciphers });
    await using client = opensslClient(server.port, ['-cipher', 'PSK:@SECLEVEL=0']);
    const association = await accepted(server);
    expect(association.getCipher()?.name).toBe(suite);
    expect(association.pskIdentity).toBe(IDENTITY);
    await client.says(new RegExp(`^New, .*Cipher is ${suite}$`, 'm'));
    client.type('from the client');
    await client.says(/^from the client$/m);
    client.endInput();
    expect(await association.closed).toEqual({ reason: 'peer' });
  });

  test.concurrent('our close_notify reaches the client', async () => {
    await using server = await serve();
    await using client = opensslClient(server.port);
    const association = await accepted(server);
    association.send('goodbye\n');
    await association.close();
    await client.says(/^goodbye\nclosed$/m);
    expect(await client.exited).toEqual({ code: 0, signal: null });
  });

  test.concurrent.each([
    { hint: 'which of my keys', seen: 'which of my keys' },
    { hint: undefined, seen: 'None' },
  ])('the client sees the hint $seen', async ({ hint, seen }) => {
    await using server = await serve({ pskIdentityHint: hint });
    await using client = opensslClient(server.port);
    await client.says(new RegExp(`^ *PSK identity hint: ${seen}$`, 'm'));
  });

  test.concurrent('handshake and messages fit an mtu of 256 bytes', async () => {
    await using server = await serve({
      mtu: 256,
      ciphers: 'DHE-PSK-AES256-GCM-SHA384',
      pskIdentityHint: 'h'.repeat(128),
    });
    await using relay = await Relay.open(server.port);
    // The link's MTU: 28 bytes more for IP and UDP.
    await using client = opensslClient(relay.port, ['-mtu', '284']);
    const association = await accepted(server);
    const largest = `${'m'.repeat(association.maxPayload - 1)}\n`;
    association.send(largest);
    await client.says(new RegExp(`^${largest}`, 'm'));
    expect(relay.largest('server')).toBe(256);
    expect(relay.count('ClientKeyExchange')).toBeGreaterThan(1);
  });

  test.concurrent('a ClientHello may come in fragments', async () => {
    await using server = await serve();
    await using relay = await Relay.open(server.port);
    const protocols = Array.from({ length: 20 }, (_, i) => `a-rather-long-protocol-name-${i}`);
    await using client = opensslClient(relay.port, ['-mtu', '284', '-alpn', protocols.join(',')]);
    await accepted(server);
    client.type('whole again');
    await client.says(/^whole again$/m);
    expect(relay.count('ClientHello')).toBeGreaterThan(3);
  });

  test.concurrent('a hundred messages arrive, and their echoes', async () => {
    await using server = await serve();
    await using client = opensslClient(server.port);
    const association = await accepted(server);
    const lines = Array.from({ length: 100 }, (_, i) => `message ${i}`);
    for (const line of lines) client.type(line);
    await client.says(new RegExp(`^${lines.join('\n')}\n`, 'm'));
    client.endInput();
    expect(await association.closed).toEqual({ reason: 'peer' });
  });

  // s_client repeats its flight after 1 s: the second Finished that does not authenticate is the sign.
  test.concurrent('a wrong key shows in a Finished that never authenticates', async () => {
    await using server = await serve();
    const error = refused(server);
    await using client = opensslClient(server.port, [], wrongPsk);
    expect(await error).toMatchObject({ code: 'ERR_DTLS_PSK_MISMATCH', handshake: { lastReceived: 'Finished' } });
    expect((await error).message).toMatch(/pre-shared keys differ.*"alice"/);
    await client.says(/SSL alert number 20$/m);
  });

  test.concurrent('an identity that the server does not know is told by name, to the client by the alert', async () => {
    await using server = await serve();
    const error = refused(server);
    await using client = opensslClient(server.port, ['-psk_identity', 'bob']);
    expect(await error).toMatchObject({ code: 'ERR_DTLS_PSK_UNKNOWN', alert: 'unknown_psk_identity' });
    expect((await error).message).toMatch(/"bob"/);
    await client.says(/SSL alert number 115$/m);
  });

  test.concurrent.each([
    { client: 'with another suite', args: ['-cipher', 'PSK-AES128-GCM-SHA256'], credentials: undefined },
    { client: 'without a pre-shared key', args: [], credentials: [] },
  ])('a client $client has no suite in common', async ({ args, credentials }) => {
    await using server = await serve({ ciphers: 'PSK-AES256-GCM-SHA384' });
    const error = refused(server);
    await using client = opensslClient(server.port, args, credentials);
    expect(await error).toMatchObject({ code: 'ERR_DTLS_NO_SHARED_CIPHER', alert: 'handshake_failure' });
    await client.says(/SSL alert number 40$/m);
  });

  test.concurrent('a failed client disturbs no other', async () => {
    await using server = await serve();
    await using client = opensslClient(server.port);
    const association = await accepted(server);
    const error = refused(server);
    await using _stranger = opensslClient(server.port, ['-psk_identity', 'bob']);
    await error;
    client.type('still here');
    await client.says(/^still here$/m);
    expect(server.associations).toEqual(new Set([association]));
  });

  test.concurrent('a client that died comes back from the same port', async () => {
    await using server = await serve();
    const port = await freePort();
    await using first = opensslClient(server.port, ['-bind', `127.0.0.1:${port}`]);
    const former = await accepted(server);
    await first.stop('SIGKILL');
    await using second = opensslClient(server.port, ['-bind', `127.0.0.1:${port}`]);
    const association = await accepted(server);
    expect(await former.closed).toEqual({ reason: 'replaced' });
    expect(association.remote).toEqual(former.remote);
    second.type('back again');
    await second.says(/^back again$/m);
    expect(server.stats).toMatchObject({ handshakesCompleted: 2, replaced: 1 });
  });
});
