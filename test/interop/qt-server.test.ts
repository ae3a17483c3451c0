import { expect, test } from '@jest/globals';
import { DtlsAssociation } from '../../lib';
import { IDENTITY, KEY, WRONG_KEY } from '../support/peers/credentials';
import { describePeer } from '../support/peers/debian';
import { connectTo, failureOf, next, SILENCE, text } from '../support/peers/ours';
import { escaped, qtClient, qtEvents, qtProblem, qtServer, withoutPorts } from '../support/peers/qt';
import { Relay } from '../support/peers/relay';

const name = 'Alice (clone number 0)';

/** The seed's form: no credentials, so Qt's. */
function seed(port: number, connectionName = name): DtlsAssociation {
  return new DtlsAssociation('127.0.0.1', port, connectionName);
}

/** What an association tells by Qt's four signals, in the words of `qtEvents`. */
function eventsOf(association: DtlsAssociation): string[] {
  const events: string[] = [];
  association.on('infoMessage', (message) => events.push(`INFO ${message}`));
  association.on('warningMessage', (message) => events.push(`WARNING ${message}`));
  association.on('errorMessage', (message) => events.push(`ERROR ${message}`));
  association.on('serverResponse', (who, _datagram, plainText) => events.push(`RESPONSE ${who} <- ${plainText}`));
  return events;
}

describePeer("our client and Qt's DTLS server", qtProblem, () => {
  test.concurrent('the seed form says what the genuine client says, in the same order', async () => {
    await using server = await qtServer();
    await using genuine = qtClient(server.port);
    await genuine.says(/^RESPONSE /m);
    await using association = seed(server.port);
    const events = eventsOf(association);
    association.startHandshake();
    await next(association, 'serverResponse');
    await server.stop();
    await association.closed;
    await genuine.says(/^ERROR .*\n/m);
    expect(withoutPorts(events)).toEqual(qtEvents(genuine));
    expect(withoutPorts(events)).toEqual([
      `INFO ${name}: starting a handshake`,
      `INFO ${name}: continuing with handshake ...`,
      `INFO ${name}: providing pre-shared key ...`,
      `INFO ${name}: continuing with handshake ...`,
      `INFO ${name}: encrypted connection established!`,
      `RESPONSE ${name} <- to (127.0.0.1:PORT): ACK`,
      `ERROR ${name}: shutdown alert received`,
    ]);
  });

  test.concurrent('the server takes our name, our ping at once and the next after 5 s, and our close_notify', async () => {
    await using server = await qtServer();
    await using association = seed(server.port).startHandshake();
    await next(association, 'serverResponse');
    const [, , answer] = await next<[string, Uint8Array, Buffer]>(association, 'serverResponse');
    await association.close();
    await server.says(/^ERROR .*\n/m);
    expect(qtEvents(server)).toEqual([
      'INFO (127.0.0.1:PORT): not verified yet',
      'INFO (127.0.0.1:PORT): verified, starting a handshake',
      'INFO (127.0.0.1:PORT): handshake is in progress ...',
      `INFO PSK callback, received a client's identity: '${name}'`,
      'INFO Connection with (127.0.0.1:PORT) encrypted. ' +
        'Session cipher: ECDHE-PSK-CHACHA20-POLY1305; session protocol: DTLS 1.2.',
      `PING (127.0.0.1:PORT) I am ${name}, please, accept our ping 0`,
      `PING (127.0.0.1:PORT) I am ${name}, please, accept our ping 1`,
      'ERROR (127.0.0.1:PORT): The DTLS connection has been shutdown',
    ]);
    expect(withoutPorts([answer.toString()])).toEqual(['to (127.0.0.1:PORT): ACK']);
  });

  test.concurrent('several associations have each their name, their answers and their end', async () => {
    await using server = await qtServer();
    const names = [0, 1, 2].map((number) => `Alice (clone number ${number})`);
    const associations = names.map((each) => seed(server.port, each).startHandshake());
    const answers = await Promise.all(
      associations.map((each) => next<[string, Uint8Array, Buffer]>(each, 'serverResponse')),
    );
    expect(answers.map(([who]) => who)).toEqual(names);
    for (const each of names) await server.says(new RegExp(`I am ${escaped(each)}, please, accept our ping 0$`, 'm'));
    await associations[0]?.close();
    await server.says(/The DTLS connection has been shutdown/);
    expect(associations.map(({ state }) => state)).toEqual(['closed', 'open', 'open']);
    await server.stop();
    expect(await Promise.all(associations.slice(1).map(({ closed }) => closed))).toEqual([
      { reason: 'peer' },
      { reason: 'peer' },
    ]);
  });

  test.concurrent.each(['PSK-AES128-GCM-SHA256', 'ECDHE-PSK-AES128-CBC-SHA256', 'PSK-CHACHA20-POLY1305'])(
    'exchange messages with %s',
    async (ciphers) => {
      await using server = await qtServer();
      await using client = await connectTo(server.port, { ciphers });
      client.send('hello');
      expect(withoutPorts([await text(client, 20)])).toEqual(['to (127.0.0.1:PORT): ACK']);
      await server.says(new RegExp(`Session cipher: ${ciphers}; [^]*^PING \\S+ \\S+ hello$`, 'm'));
    },
  );

  test.concurrent("the pskCallback is asked with Qt's hint", async () => {
    await using server = await qtServer();
    const hints: string[] = [];
    await using client = await connectTo(server.port, {
      pskCallback: (hint) => {
        hints.push(hint);
        return { identity: IDENTITY, key: KEY };
      },
    });
    expect(client.state).toBe('open');
    expect(hints).toEqual(['Qt DTLS example server']);
  });

  test.concurrent('handshake and messages fit an mtu of 256 bytes', async () => {
    await using server = await qtServer();
    await using relay = await Relay.open(server.port);
    const identity = 'i'.repeat(128);
    await using client = await connectTo(relay.port, { mtu: 256, psk: { identity, key: KEY } });
    const largest = 'm'.repeat(client.maxPayload);
    client.send(largest);
    await server.says(new RegExp(`^PING \\S+ \\S+ ${largest}$`, 'm'));
    expect(relay.largest('client')).toBe(256);
  });

  test.concurrent('a hundred messages arrive, and an answer to each', async () => {
    await using server = await qtServer();
    await using client = await connectTo(server.port);
    for (let i = 0; i < 100; i++) {
      client.send(`message ${i}`);
      expect(await text(client, 20)).toMatch(/^to \(127\.0\.0\.1:\d+\): ACK$/);
    }
    await server.says(/ message 99$/m);
    expect(server.output.match(/ message \d+$/gm)).toHaveLength(100);
  });

  // Qt's example has no timer: it repeats its flight when we repeat ours, after 1, 2, 4 and 8 s at the earliest.
  test.concurrent('a wrong key shows in the flight that the server repeats', async () => {
    await using server = await qtServer();
    const psk = { identity: IDENTITY, key: WRONG_KEY };
    const patience = { retransmit: { initial: 500, max: 2000 }, handshakeTimeout: 50_000 };
    const error = await failureOf(server.port, { psk, ...patience });
    expect(error).toMatchObject({ code: 'ERR_DTLS_PSK_MISMATCH', handshake: { lastReceived: 'ServerHelloDone' } });
    expect(error.message).toMatch(/pre-shared keys differ.*"alice"/);
  }, 60_000);

  test.concurrent('a wrong key is suspected when the handshake timeout comes first', async () => {
    await using server = await qtServer();
    const psk = { identity: IDENTITY, key: WRONG_KEY };
    const error = await failureOf(server.port, { psk, ...SILENCE });
    expect(error.code).toBe('ERR_DTLS_PSK_MISMATCH');
  });

  test.concurrent.each(['PSK-AES128-CCM', 'DHE-PSK-AES256-GCM-SHA384'])(
    'the server does not take %s',
    async (ciphers) => {
      await using server = await qtServer();
      const error = await failureOf(server.port, { ciphers });
      expect(error).toMatchObject({ code: 'ERR_DTLS_NO_SHARED_CIPHER', alert: 'handshake_failure' });
      await server.says(/no shared cipher/);
    },
  );
});
