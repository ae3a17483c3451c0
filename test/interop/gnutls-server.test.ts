import { expect, test } from '@jest/globals';
import { IDENTITY, KEY, makeCertificate, WRONG_KEY } from '../support/peers/credentials';
import { describePeer } from '../support/peers/debian';
import { CERTIFICATES_ONLY, gnutlsProblem, gnutlsServer, priority } from '../support/peers/gnutls';
import { connectTo, failureOf, SILENCE, text } from '../support/peers/ours';
import { Relay } from '../support/peers/relay';

const allKeyExchanges = priority('+ECDHE-PSK:+DHE-PSK:+PSK');

describePeer('our client and gnutls-serv', gnutlsProblem, () => {
  test.concurrent.each([
    { suite: 'ECDHE-PSK-CHACHA20-POLY1305', ciphers: undefined },
    { suite: 'PSK-AES128-GCM-SHA256', ciphers: 'PSK-AES128-GCM-SHA256' },
    { suite: 'PSK-AES128-CCM8', ciphers: 'PSK-AES128-CCM8:@SECLEVEL=0' },
    { suite: 'PSK-CHACHA20-POLY1305', ciphers: 'PSK-CHACHA20-POLY1305' },
    { suite: 'ECDHE-PSK-AES128-CBC-SHA256', ciphers: 'ECDHE-PSK-AES128-CBC-SHA256' },
    { suite: 'DHE-PSK-AES256-GCM-SHA384', ciphers: 'DHE-PSK-AES256-GCM-SHA384' },
  ])('exchange messages with $suite', async ({ suite, ciphers }) => {
    await using server = await gnutlsServer();
    await using client = await connectTo(server.port, { ciphers });
    expect(client.getCipher()?.name).toBe(suite);
    client.send('from our client\n');
    expect(await text(client, 16)).toBe('from our client\n');
    await server.says(/command: from our client$/m);
  });

  // It serves one client at a time and says nothing when one has gone.
  test.concurrent('our close_notify makes room for the next client', async () => {
    await using server = await gnutlsServer();
    for (const name of ['first', 'second']) {
      await using client = await connectTo(server.port);
      client.send(`${name}\n`);
      expect(await text(client, name.length + 1)).toBe(`${name}\n`);
    }
  });

  test.concurrent.each([
    { hint: 'which of my keys', args: ['--pskhint', 'which of my keys'] },
    { hint: '', args: [] },
  ])('the pskCallback is asked with the hint "$hint"', async ({ hint, args }) => {
    await using server = await gnutlsServer([...allKeyExchanges, ...args]);
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

  test.concurrent('handshake and messages fit an mtu of 256 bytes', async () => {
    await using server = await gnutlsServer([...allKeyExchanges, '--mtu', '256']);
    await using relay = await Relay.open(server.port);
    await using client = await connectTo(relay.port, { mtu: 256, ciphers: 'DHE-PSK-AES256-GCM-SHA384' });
    const largest = `${'m'.repeat(client.maxPayload - 1)}\n`;
    client.send(largest);
    expect(await text(client, largest.length)).toBe(largest);
    expect(relay.largest('client')).toBe(256);
    expect(relay.count('ServerKeyExchange')).toBeGreaterThan(1);
  });

  test.concurrent('a hundred messages are echoed', async () => {
    await using server = await gnutlsServer();
    await using client = await connectTo(server.port);
    for (let i = 0; i < 100; i++) {
      client.send(`message ${i}\n`);
      const echo = `message ${i}\n`;
      expect(await text(client, echo.length)).toBe(echo);
    }
  });

  // gnutls-serv drops the Finished and sends nothing any more. It answers an identity that it does not know as it
  // answers a wrong key, so that nobody learns which identities there are.
  test.concurrent.each([
    { what: 'a wrong key', psk: { identity: IDENTITY, key: WRONG_KEY } },
    { what: 'an unknown identity', psk: { identity: 'bob', key: KEY } },
  ])('$what shows in the silence after our Finished', async ({ psk }) => {
    await using server = await gnutlsServer();
    const error = await failureOf(server.port, { psk, ...SILENCE });
    expect(error).toMatchObject({ code: 'ERR_DTLS_PSK_MISMATCH', handshake: { lastSent: 'Finished' } });
    expect(error.message).toMatch(new RegExp(`fell silent after our Finished.*"${psk.identity}"`));
  });

  // It sends no alert for a ClientHello that it cannot use.
  test.concurrent('no suite in common shows in the silence after our second ClientHello', async () => {
    await using server = await gnutlsServer(priority('+DHE-PSK'));
    const error = await failureOf(server.port, { ciphers: 'PSK-AES256-GCM-SHA384', handshakeTimeout: 1500 });
    expect(error).toMatchObject({
      code: 'ERR_DTLS_HANDSHAKE_TIMEOUT',
      handshake: { lastReceived: 'HelloVerifyRequest' },
    });
    await server.says(/No supported cipher suites have been found/);
  });

  test.concurrent('a server with certificates only is silent, too', async () => {
    const { certFile, keyFile } = makeCertificate();
    const credentials = ['--x509certfile', certFile, '--x509keyfile', keyFile];
    await using server = await gnutlsServer(CERTIFICATES_ONLY, credentials);
    const error = await failureOf(server.port, { handshakeTimeout: 1500 });
    expect(error).toMatchObject({
      code: 'ERR_DTLS_HANDSHAKE_TIMEOUT',
      handshake: { lastReceived: 'HelloVerifyRequest' },
    });
  });
});
