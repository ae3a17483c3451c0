import { expect, test } from '@jest/globals';
import { IDENTITY, KEY, makeCertificate, WRONG_KEY } from '../support/peers/credentials';
import { describePeer } from '../support/peers/debian';
import { opensslProblem, opensslServer } from '../support/peers/openssl';
import { connectTo, failureOf, next, SILENCE, text } from '../support/peers/ours';
import { Relay } from '../support/peers/relay';

const wrongPsk = { identity: IDENTITY, key: WRONG_KEY };

describePeer('our client and openssl s_server', opensslProblem, () => {
  test.concurrent.each([
    { suite: 'ECDHE-PSK-CHACHA20-POLY1305', ciphers: undefined },
    { suite: 'PSK-AES128-GCM-SHA256', ciphers: 'PSK-AES128-GCM-SHA256' },
    { suite: 'PSK-AES128-CCM8', ciphers: 'PSK-AES128-CCM8:@SECLEVEL=0' },
    { suite: 'ECDHE-PSK-AES128-CBC-SHA256', ciphers: 'ECDHE-PSK-AES128-CBC-SHA256' },
    { suite: 'DHE-PSK-AES256-GCM-SHA384', ciphers: 'DHE-PSK-AES256-GCM-SHA384' },
  ])('exchange messages with $suite, and close', async ({ suite, ciphers }) => {
    await using server = await opensslServer(['-cipher', 'PSK:@SECLEVEL=0']);
    await using client = await connectTo(server.port, { ciphers });
    expect(client.getCipher()?.name).toBe(suite);
    client.send('from our client\n');
    await server.says(new RegExp(`^CIPHER is ${suite}$[^]*^from our client$`, 'm'));
    server.type('from the server');
    expect(await text(client, 16)).toBe('from the server\n');
    await client.close();
    await server.says(/^DONE$/m);
  });

  test.concurrent.each([
    { hint: 'which of my keys', args: ['-psk_hint', 'which of my keys'] },
    { hint: '', args: [] },
  ])('the pskCallback is asked with the hint "$hint"', async ({ hint, args }) => {
    await using server = await opensslServer(args);
    const hints: string[] = [];
    await using client = await connectTo(server.port, {
      pskCallback: (asked) => {
        hints.push(asked);
        return { identity: IDENTITY, key: KEY };
      },
    });
    expect(client.state).toBe('open');
    expect(hints).toEqual([hint]);
  });

  test.concurrent('the server may be one that demands a cookie before it accepts', async () => {
    await using server = await opensslServer(['-listen']);
    await using client = await connectTo(server.port);
    client.send('hello\n');
    await server.says(/^hello$/m);
  });

  test.concurrent('handshake and messages fit an mtu of 256 bytes', async () => {
    // The link's MTU: 28 bytes more for IP and UDP.
    await using server = await opensslServer(['-mtu', '284']);
    await using relay = await Relay.open(server.port);
    await using client = await connectTo(relay.port, { mtu: 256, ciphers: 'DHE-PSK-AES256-GCM-SHA384' });
    const largest = `${'m'.repeat(client.maxPayload - 1)}\n`;
    client.send(largest);
    await server.says(new RegExp(`^${largest}`, 'm'));
    expect(relay.largest('client')).toBe(256);
    expect(relay.count('ServerKeyExchange')).toBeGreaterThan(1);
  });

  test.concurrent('a hundred messages arrive, and their echoes', async () => {
    await using server = await opensslServer();
    await using client = await connectTo(server.port);
    const lines = Array.from({ length: 100 }, (_, i) => `message ${i}\n`);
    for (const line of lines) client.send(line);
    await server.says(new RegExp(lines.join('')));
    for (const line of lines) server.type(line.trimEnd());
    const sent = lines.join('');
    expect(await text(client, sent.length)).toBe(sent);
  });

  // s_server repeats its flight after 1, 2, 4 and 8 s, and says nothing else.
  test.concurrent('a wrong key shows in the flight that the server repeats', async () => {
    await using server = await opensslServer(['-timeout']);
    const error = await failureOf(server.port, { psk: wrongPsk, handshakeTimeout: 50_000 });
    expect(error).toMatchObject({ code: 'ERR_DTLS_PSK_MISMATCH', handshake: { lastReceived: 'ServerHelloDone' } });
    expect(error.message).toMatch(/pre-shared keys differ.*"alice"/);
    expect(error.handshake?.repeatsReceived).toBeGreaterThanOrEqual(4);
  }, 60_000);

  test.concurrent('a wrong key is suspected when the handshake timeout comes first', async () => {
    await using server = await opensslServer();
    const error = await failureOf(server.port, { psk: wrongPsk, ...SILENCE });
    expect(error.code).toBe('ERR_DTLS_PSK_MISMATCH');
    expect(error.message).toMatch(/most likely the pre-shared keys for the identity "alice" differ/);
  });

  test.concurrent('s_server takes any identity that comes with its key', async () => {
    await using server = await opensslServer();
    await using client = await connectTo(server.port, { psk: { identity: 'bob', key: KEY } });
    expect(client.pskIdentity).toBe('bob');
    await server.says(/PSK warning: client identity not what we expected \(got 'bob' expected 'alice'\)/);
  });

  test.concurrent('no suite in common is told by the alert', async () => {
    await using server = await opensslServer(['-cipher', 'PSK-AES128-GCM-SHA256']);
    const error = await failureOf(server.port, { ciphers: 'PSK-AES256-GCM-SHA384' });
    expect(error).toMatchObject({ code: 'ERR_DTLS_NO_SHARED_CIPHER', alert: 'handshake_failure' });
    expect(error.message).toMatch(/PSK-AES256-GCM-SHA384/);
  });

  test.concurrent('a server with certificates only has no suite in common', async () => {
    const { certFile, keyFile } = makeCertificate();
    await using server = await opensslServer([], ['-cert', certFile, '-key', keyFile]);
    const error = await failureOf(server.port);
    expect(error).toMatchObject({ code: 'ERR_DTLS_NO_SHARED_CIPHER', alert: 'handshake_failure' });
    expect(error.message).toMatch(/set up for pre-shared keys/);
  });

  test.concurrent('a server that has ended is told as a closed port', async () => {
    await using server = await opensslServer();
    await server.stop();
    expect(await failureOf(server.port)).toMatchObject({ code: 'ERR_DTLS_REFUSED' });
  });

  test.concurrent('an association outlives its server until it is closed', async () => {
    await using server = await opensslServer();
    await using client = await connectTo(server.port);
    await server.stop('SIGKILL');
    const warned = next(client, 'warningMessage');
    client.send('is anybody there?');
    await warned;
    expect(client.state).toBe('open');
    expect(client.stats.transportErrors).toBe(1);
    expect(await client.close()).toEqual({ reason: 'local' });
  });
});
