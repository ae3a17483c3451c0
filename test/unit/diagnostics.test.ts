import { describe, expect, test } from '@jest/globals';
import { DtlsAssociation, type HandshakeDiagnostic, type LookupFunction } from '../../lib';
import { HandshakeType } from '../../lib/handshake/wire';
import { heard } from '../support/channels';
import { rejected } from '../support/errors';
import { clientAddress, deliverAll, drop, dropMessage, Link } from '../support/link';
import { client, key, openPair, patient, psk, quick, serve, talk, wrongKey } from '../support/pair';
import { handshake, record, Type } from '../support/wire';

const forged = record(Type.applicationData, Buffer.alloc(60, 7), { epoch: 1, sequence: 40 });
const newAddress = clientAddress(61_000);

/** The associations whose handshakes the channel tells of, in pairs. */
async function sidesOf(messages: HandshakeDiagnostic[], association: DtlsAssociation) {
  expect(messages).toHaveLength(2);
  const own = messages.find((message) => message.association === association);
  const other = messages.find((message) => message.association !== association);
  return [own, other] as [HandshakeDiagnostic, HandshakeDiagnostic];
}

describe('handshake', () => {
  test('tells of one that is complete, on both sides, once', async () => {
    const messages = heard('handshake');
    const { client, peer } = await openPair();
    expect(messages).toHaveLength(2);
    for (const association of [client, peer]) {
      expect(association.handshake).toBeDefined();
      expect(messages).toContainEqual({ association, handshake: association.handshake, error: undefined });
    }
    await client.close();
    await peer.closed;
    expect(messages).toHaveLength(2);
  });

  test('tells of one that failed, with its error and how far it came', async () => {
    const messages = heard('handshake');
    const link = new Link();
    const server = await serve(link);
    const errors: Error[] = [];
    server.on('peerError', (error) => errors.push(error));
    const association = client(link, { psk: { identity: 'mallory', key } });
    const error = await rejected(association.startHandshake().opened);
    await link.quiet();
    const [own, other] = await sidesOf(messages, association);
    expect(own.error).toBe(error);
    expect(own.handshake).toBe(error.handshake);
    expect(other.error).toBe(errors[0]);
    expect(other.handshake).toMatchObject({ flightsReceived: expect.any(Number) });
  });

  test('tells of one that was closed before it was complete', async () => {
    const messages = heard('handshake');
    const link = new Link();
    const server = await serve(link);
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    const association = client(link).startHandshake();
    await link.quiet();
    await association.close();
    await server.close();
    const [own, other] = await sidesOf(messages, association);
    for (const message of [own, other]) {
      expect(message).toMatchObject({ handshake: undefined, error: { code: 'ERR_DTLS_CLOSED' } });
    }
  });

  test('tells of one that could not even begin', async () => {
    const messages = heard('handshake');
    const lookup: LookupFunction = (_host, _options, callback) => callback(new Error('no such host'), []);
    const association = new DtlsAssociation({ host: 'dtls.example', port: 1, psk, lookup });
    await rejected(association.startHandshake().opened);
    expect(messages).toMatchObject([{ handshake: undefined, error: { code: 'ERR_DTLS_LOOKUP' } }]);
    expect(messages[0]?.association).toBe(association);
  });

  test('tells of a handshake that another one replaced', async () => {
    const link = new Link();
    await serve(link);
    const transport = link.client();
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    client(link, { transport }).startHandshake();
    await link.quiet();
    transport.unplug();
    link.toServer.rule = deliverAll;
    const messages = heard('handshake');
    await client(link, { transport: link.client(transport.address) }).startHandshake().opened;
    expect(messages.map(({ error }) => error)).toMatchObject([{ code: 'ERR_DTLS_CLOSED' }, undefined, undefined]);
  });
});

describe('retransmission', () => {
  test('tells of each of a client', async () => {
    const messages = heard('retransmission');
    const link = new Link();
    await serve(link);
    link.toServer.rule = drop(0, 1);
    const association = await client(link, quick).startHandshake().opened;
    // More on a slow machine; and OpenSSL repeats some in passing.
    expect(messages.length).toBeGreaterThanOrEqual(2);
    expect(messages).toEqual(messages.map(() => ({ association })));
    expect(association.stats.retransmits).toBeGreaterThanOrEqual(messages.length);
  });

  test('tells of each of a server', async () => {
    const messages = heard('retransmission');
    const link = new Link();
    const server = await serve(link, quick);
    // Its first flight; a HelloVerifyRequest is never sent again.
    link.toClient.rule = drop(1);
    await client(link, patient).startHandshake().opened;
    await link.quiet();
    const [association] = [...server.associations] as [DtlsAssociation];
    expect(messages.length).toBeGreaterThanOrEqual(1);
    expect(messages).toEqual(messages.map(() => ({ association })));
  });
});

describe('drop', () => {
  test('tells of datagrams that came to nothing at an association of either side, with the reason', async () => {
    const { link, client, peer, transport } = await openPair();
    client.send('once');
    await link.quiet();
    const messages = heard('drop');
    link.inject(link.toServer.sent.at(-1) as Buffer, transport.address);
    await link.quiet();
    link.injectToClient(forged, transport.address);
    await link.quiet();
    link.inject(Buffer.of(0xff), transport.address);
    await link.quiet();
    expect(messages).toEqual([
      { association: peer, reason: 'replayed' },
      { association: client, reason: 'forged' },
      { association: peer, reason: 'unwanted' },
    ]);
  });

  test.each([
    ['malformed', Buffer.from('what is this?')],
    ['stray', forged],
    ['hello', handshake(1, 0, { body: Buffer.alloc(80, 0xff) })],
  ])('tells of what a stranger sends, and who: %s', async (reason, datagram) => {
    const { link, server } = await openPair();
    const messages = heard('drop');
    const from = { ...newAddress, address: '198.51.100.7' };
    link.inject(datagram, from);
    await link.quiet();
    expect(messages).toEqual([{ server, reason, from }]);
    expect(server.stats.dropped).toMatchObject({ [reason]: 1 });
  });

  test.each([
    'maxAssociations',
    'maxAssociationsPerAddress',
    'handshakesPerSecond',
    'handshakesPerSecondPerAddress',
  ] as const)('tells of a hello that a limit refuses, by its name: %s', async (reason) => {
    const { link, server } = await openPair({ server: { limits: { [reason]: 1 } } });
    const messages = heard('drop');
    const transport = link.client();
    client(link, { transport }).startHandshake();
    await link.quiet();
    expect(messages).toEqual([{ server, reason, from: transport.address }]);
  });

  test.each(['maxHandshakes', 'maxHandshakesPerAddress'] as const)('tells of %s, too', async (reason) => {
    const link = new Link();
    const server = await serve(link, { limits: { [reason]: 1 } });
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    client(link).startHandshake();
    await link.quiet();
    const messages = heard('drop');
    const transport = link.client();
    client(link, { transport }).startHandshake();
    await link.quiet();
    expect(messages).toEqual([{ server, reason, from: transport.address }]);
  });

  test('tells of a hello to a server that drains', async () => {
    const { link, server } = await openPair();
    server.drain();
    const messages = heard('drop');
    const transport = link.client();
    client(link, { transport }).startHandshake();
    await link.quiet();
    expect(messages).toEqual([{ server, reason: 'draining', from: transport.address }]);
  });

  test('tells nothing of a datagram that came to something', async () => {
    const messages = heard('drop');
    const { client, peer } = await openPair();
    await talk(client, peer);
    await client.close();
    expect(messages).toEqual([]);
  });
});

describe('alert', () => {
  const closeNotify = { level: 'warning', description: 'close_notify' };

  test('tells of close_notify on both sides, once each way', async () => {
    const { client, peer, link } = await openPair();
    const messages = heard('alert');
    await client.close();
    await peer.closed;
    await link.quiet();
    expect(messages).toEqual([
      { association: client, direction: 'sent', ...closeNotify },
      { association: peer, direction: 'received', ...closeNotify },
      { association: peer, direction: 'sent', ...closeNotify },
    ]);
    expect([client.stats, peer.stats]).toMatchObject([
      { alertsSent: 1, alertsReceived: 0 },
      { alertsSent: 1, alertsReceived: 1 },
    ]);
  });

  test('tells of a fatal one that OpenSSL sends, and of that which comes', async () => {
    const messages = heard('alert');
    const link = new Link();
    await serve(link, { ciphers: 'PSK-AES128-GCM-SHA256' });
    const association = client(link, { ciphers: 'PSK-AES256-GCM-SHA384' });
    await rejected(association.startHandshake().opened);
    expect(messages).toMatchObject([
      { direction: 'sent', level: 'fatal', description: 'handshake_failure' },
      { association, direction: 'received', level: 'fatal', description: 'handshake_failure' },
    ]);
    expect(messages[0]?.association.stats).toMatchObject({ alertsSent: 1, alertsReceived: 0 });
    expect(association.stats).toMatchObject({ alertsSent: 0, alertsReceived: 1 });
  });

  test('tells of one that is ours, and not of what OpenSSL would have said', async () => {
    const messages = heard('alert');
    const link = new Link();
    const server = await serve(link, quick);
    server.on('peerError', () => {});
    const association = client(link, { psk: { identity: 'alice', key: wrongKey }, ...quick });
    await rejected(association.startHandshake().opened);
    await link.quiet();
    expect(messages.map(({ direction, level, description }) => [direction, level, description]).sort()).toEqual([
      ['received', 'fatal', 'bad_record_mac'],
      ['sent', 'fatal', 'bad_record_mac'],
    ]);
  });

  test('tells nothing when nobody says a word', async () => {
    const messages = heard('alert');
    const { link, transport, peer } = await openPair();
    transport.unplug();
    await client(link, { transport: link.client(transport.address) }).startHandshake().opened;
    expect(await peer.closed).toEqual({ reason: 'replaced' });
    expect(messages).toEqual([]);
    expect(peer.stats).toMatchObject({ alertsSent: 0, alertsReceived: 0 });
  });
});

test('migration tells of an association that follows its peer, and where', async () => {
  const { client, peer, transport } = await openPair();
  const messages = heard('migration');
  const from = transport.address;
  transport.address = newAddress;
  await talk(client, peer);
  expect(messages).toEqual([{ association: peer, from, to: newAddress }]);
});
