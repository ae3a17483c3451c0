import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { DtlsError } from '../../lib';
import { HandshakeType } from '../../lib/handshake/wire';
import { corrupt } from '../../lib/testing';
import { rejected } from '../support/errors';
import { dropMessage, Link } from '../support/link';
import { client, key, openPair, serve, talk } from '../support/pair';
import { record, Type } from '../support/wire';

/** Runs out of OpenSSL's patience, at its 13th timeout, long before the default deadline. */
const impatient = { retransmit: { initial: 20, max: 20 } };

describe('when OpenSSL gives up before the deadline', () => {
  test('a client tells of a timeout, and of the server it heard nothing from', async () => {
    const error = await rejected(client(new Link(), impatient).startHandshake().opened);
    expect(error).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE_TIMEOUT', handshake: { datagramsReceived: 0 } });
    expect(error.message).toMatch(/^Nothing came back from the server 192\.0\.2\.1:22334/);
  });

  test('a server tells of a timeout', async () => {
    const link = new Link();
    const server = await serve(link, impatient);
    const told = once(server, 'peerError') as Promise<[DtlsError]>;
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    // A client that repeats its flight would be answered instead.
    const transport = link.client();
    client(link, { transport }).startHandshake();
    await link.quiet();
    transport.unplug();
    expect((await told)[0]).toMatchObject({
      code: 'ERR_DTLS_HANDSHAKE_TIMEOUT',
      handshake: { lastSent: 'ServerHelloDone' },
    });
    expect(server.stats).toMatchObject({ handshakesFailed: 1 });
  });
});

describe('a message whose length is damaged, which OpenSSL refuses without a word,', () => {
  /** The first byte of the length of the first message. */
  const lengthAt = 14;

  test.each([
    ["a client's", 'toServer', 2],
    ["a server's", 'toClient', 1],
  ] as const)('%s, ends the handshake on both sides before their deadlines', async (_, lane, n) => {
    const link = new Link();
    const server = await serve(link);
    const told = once(server, 'peerError') as Promise<[DtlsError]>;
    link[lane].rule = corrupt(n, lengthAt);
    const errors = [await rejected(client(link).startHandshake().opened), (await told)[0]];
    for (const { code } of errors) expect(code).toBe('ERR_DTLS_HANDSHAKE');
    expect(errors.map(({ alert }) => alert)).toContain('illegal_parameter');
  });

  test('a hello, is not answered: the client sends it again, and the handshake completes', async () => {
    const link = new Link();
    await serve(link);
    link.toServer.rule = corrupt(1, lengthAt);
    await client(link, { retransmit: { initial: 20 } }).startHandshake().opened;
  });
});

const warnings = [
  ['user_canceled', 90],
  ['no_renegotiation', 100],
  ['unrecognized_name', 112],
] as const;

describe.each(warnings)('a forged warning, %s, before every datagram of both directions', (_, description) => {
  const noisy = (): Link => {
    const link = new Link();
    let sequence = 1000;
    link.toServer.rule = link.toClient.rule = (datagram) => [
      record(Type.alert, Buffer.of(1, description), { sequence: sequence++ }),
      datagram,
    ];
    return link;
  };

  test('keeps no handshake from completing', async () => {
    const { client, peer } = await openPair({ link: noisy() });
    await talk(client, peer);
  });

  test('does not change why a handshake fails', async () => {
    const link = noisy();
    const server = await serve(link);
    const told = once(server, 'peerError') as Promise<[DtlsError]>;
    const association = client(link, { psk: { identity: 'nobody', key } });
    const error = await rejected(association.startHandshake().opened);
    expect(error).toMatchObject({ code: 'ERR_DTLS_PSK_UNKNOWN', alert: 'unknown_psk_identity' });
    expect((await told)[0]).toMatchObject({ code: 'ERR_DTLS_PSK_UNKNOWN', alert: 'unknown_psk_identity' });
  });
});

describe('an identity that begins with a byte order mark', () => {
  const marked = Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), Buffer.from('alice')]);

  test('reaches the pskCallback of a server with it, and is the pskIdentity on both sides', async () => {
    const asked: string[] = [];
    const { client, peer } = await openPair({
      client: { psk: { identity: marked, key } },
      server: {
        pskCallback: (identity) => {
          asked.push(identity);
          return key;
        },
      },
    });
    expect(asked).toEqual(['\uFEFFalice']);
    expect([client.pskIdentity, peer.pskIdentity]).toEqual(['\uFEFFalice', '\uFEFFalice']);
  });

  test('is another one than the identity without it', async () => {
    const link = new Link();
    await serve(link, { psk: { alice: key } });
    const association = client(link, { psk: { identity: marked, key } });
    expect((await rejected(association.startHandshake().opened)).code).toBe('ERR_DTLS_PSK_UNKNOWN');
  });
});
