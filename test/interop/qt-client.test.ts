import { expect, test } from '@jest/globals';
import type { DtlsServer } from '../../lib';
import { KEY, WRONG_KEY } from '../support/peers/credentials';
import { describePeer } from '../support/peers/debian';
import { accepted, next, refused, serve } from '../support/peers/ours';
import { qtClient, qtEvents, qtProblem, qtServer, withoutPorts } from '../support/peers/qt';
import { Relay } from '../support/peers/relay';

const name = 'Alice (clone number 0)';
const hint = 'Qt DTLS example server';

/** What our server tells by Qt's signals, in the words of `qtEvents`. */
function eventsOf(server: DtlsServer): string[] {
  const events: string[] = [];
  server.on('infoMessage', (message) => events.push(`INFO ${message}`));
  server.on('warningMessage', (message) => events.push(`WARNING ${message}`));
  server.on('errorMessage', (message) => events.push(`ERROR ${message}`));
  server.on('datagramReceived', (peer, _cipherText, plainText) => events.push(`PING ${peer} ${plainText}`));
  return events;
}

describePeer("Qt's DTLS client and our server", qtProblem, () => {
  test.concurrent('our server says what the genuine server says, in the same order', async () => {
    await using genuine = await qtServer();
    await using ours = await serve({ pskCallback: () => KEY, pskIdentityHint: hint });
    const events = eventsOf(ours);
    for (const { port } of [genuine, ours]) {
      await using client = qtClient(port);
      await client.says(/^RESPONSE /m);
    }
    await genuine.says(/^ERROR .*\n/m);
    if (!events.some((event) => event.startsWith('ERROR'))) await next(ours, 'errorMessage');
    expect(withoutPorts(events)).toEqual(qtEvents(genuine));
    expect(withoutPorts(events).at(-1)).toBe('ERROR (127.0.0.1:PORT): The DTLS connection has been shutdown');
  });

  test.concurrent('the client gets our answers to its pings, at once and after 5 s', async () => {
    await using server = await serve({ pskCallback: () => KEY, pskIdentityHint: hint });
    await using client = qtClient(server.port);
    const association = await accepted(server);
    expect(association.pskIdentity).toBe(name);
    expect(association.getCipher()?.name).toBe('ECDHE-PSK-CHACHA20-POLY1305');
    await client.says(/^RESPONSE .* accept our ping 0\nRESPONSE .* accept our ping 1$/m);
    await client.stop();
    expect(await association.closed).toEqual({ reason: 'peer' });
    expect(await client.exited).toEqual({ code: 0, signal: null });
  });

  test.concurrent('our close_notify reaches the client', async () => {
    await using server = await serve({ pskCallback: () => KEY });
    await using client = qtClient(server.port);
    const association = await accepted(server);
    await client.says(/^RESPONSE /m);
    await association.close();
    await client.says(/^ERROR \S+ Alice \(clone number 0\): shutdown alert received$/m);
  });

  test.concurrent('several clients with several associations each are served at once', async () => {
    await using server = await serve({ pskCallback: () => KEY });
    await using one = qtClient(server.port, ['--clones', '3', '--name', 'one %1']);
    await using other = qtClient(server.port, ['--clones', '3', '--name', 'other %1']);
    const names: string[] = [];
    for (const [client, clientName] of [
      [one, 'one'],
      [other, 'other'],
    ] as const) {
      for (const number of [0, 1, 2]) {
        names.push(`${clientName} ${number}`);
        await client.says(new RegExp(`^RESPONSE \\S+ ${clientName} ${number} <- I am ${clientName} ${number},`, 'm'));
      }
    }
    const identities = [...server.associations].map(({ pskIdentity }) => pskIdentity);
    expect(identities.sort()).toEqual(names);
    expect(server.stats).toMatchObject({ handshakesCompleted: 6, handshakesFailed: 0 });
  });

  test.concurrent.each(['PSK-AES128-GCM-SHA256', 'ECDHE-PSK-AES128-CBC-SHA256', 'DHE-PSK-AES256-GCM-SHA384'])(
    'exchange messages with %s',
    async (ciphers) => {
      await using server = await serve({ pskCallback: () => KEY, ciphers });
      await using client = qtClient(server.port);
      const association = await accepted(server);
      expect(association.getCipher()?.name).toBe(ciphers);
      await client.says(/^RESPONSE /m);
    },
  );

  test.concurrent('handshake and messages fit an mtu of 256 bytes', async () => {
    await using server = await serve({ pskCallback: () => KEY, mtu: 256, pskIdentityHint: 'h'.repeat(128) });
    await using relay = await Relay.open(server.port);
    await using client = qtClient(relay.port);
    const association = await accepted(server);
    const largest = 'm'.repeat(association.maxPayload);
    association.send(largest);
    await client.says(new RegExp(` <- ${largest}$`, 'm'));
    expect(relay.largest('server')).toBe(256);
    // The flight takes more than one datagram.
    expect(relay.count('ServerKeyExchange')).toBeGreaterThan(0);
  });

  test.concurrent('a client that died comes back from the same port', async () => {
    // A flight that we repeat early would make Qt warn.
    await using server = await serve({ pskCallback: () => KEY, retransmit: { initial: 1000 } });
    await using relay = await Relay.open(server.port);
    await using first = qtClient(relay.port, ['--no-shutdown']);
    const former = await accepted(server);
    await first.says(/^RESPONSE /m);
    await first.stop();
    await using second = qtClient(relay.port);
    const association = await accepted(server);
    expect(await former.closed).toEqual({ reason: 'replaced' });
    expect(association.remote).toEqual(former.remote);
    await second.says(/^RESPONSE /m);
    expect(second.output).not.toMatch(/^WARNING|^ERROR/m);
  });

  // Qt repeats its flight after 1 s: the second Finished that does not authenticate is the sign.
  test.concurrent('a wrong key shows in a Finished that never authenticates', async () => {
    await using server = await serve({ pskCallback: () => WRONG_KEY });
    const error = refused(server);
    await using client = qtClient(server.port);
    expect(await error).toMatchObject({ code: 'ERR_DTLS_PSK_MISMATCH', handshake: { lastReceived: 'Finished' } });
    expect((await error).message).toContain(`"${name}"`);
    await client.says(/handshake error - .*alert bad record mac$/m);
  });

  test.concurrent('an identity that the server does not know is told by name, to the client by the alert', async () => {
    await using server = await serve();
    const error = refused(server);
    await using client = qtClient(server.port);
    expect(await error).toMatchObject({ code: 'ERR_DTLS_PSK_UNKNOWN', alert: 'unknown_psk_identity' });
    expect((await error).message).toContain(`"${name}"`);
    await client.says(/handshake error - .*alert unknown psk identity$/m);
  });

  test.concurrent('no suite in common is told by the alert', async () => {
    await using server = await serve({ pskCallback: () => KEY, ciphers: 'PSK-AES128-CCM' });
    const error = refused(server);
    await using client = qtClient(server.port);
    expect(await error).toMatchObject({ code: 'ERR_DTLS_NO_SHARED_CIPHER', alert: 'handshake_failure' });
    await client.says(/handshake error - .*alert handshake failure$/m);
  });
});
