import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { type ConnectOptions, createSecureContext, type DtlsError, type ServerOptions } from '../../lib';
import { HandshakeType } from '../../lib/handshake/wire';
import { rejected } from '../support/errors';
import { drop, dropMessage, Link } from '../support/link';
import { client, key, openPair, quick, serve, talk, wrongKey } from '../support/pair';
import { record, Type } from '../support/wire';

/** What a failed handshake tells on either side. */
async function fail(options: { client?: Partial<ConnectOptions>; server?: Partial<ServerOptions>; link?: Link }) {
  const link = options.link ?? new Link();
  const server = await serve(link, options.server);
  const peerErrors = once(server, 'peerError') as Promise<[DtlsError]>;
  const association = client(link, options.client);
  const error = await rejected(association.startHandshake().opened);
  return { link, server, error, peerError: (await peerErrors)[0] };
}

describe.each([['PSK-AES128-GCM-SHA256'], ['ECDHE-PSK-CHACHA20-POLY1305'], ['PSK-AES128-CBC-SHA256']])(
  'a wrong key with %s',
  (ciphers) => {
    const expected = { code: 'ERR_DTLS_PSK_MISMATCH', handshake: { cipher: ciphers } };

    test('is named on both sides, long before the deadline', async () => {
      const { error, peerError } = await fail({
        client: { ...quick, ciphers },
        server: { ...quick, psk: { alice: wrongKey } },
      });
      for (const each of [error, peerError]) {
        expect(each).toMatchObject(expected);
        expect(each.message).toMatch(/pre-shared keys differ.*"alice"/);
      }
    });

    test('is named on both sides when only the client repeats its flight', async () => {
      const { error, peerError } = await fail({ client: { ...quick, ciphers }, server: { psk: { alice: wrongKey } } });
      expect(error).toMatchObject(expected);
      expect(peerError).toMatchObject(expected);
    });

    test('is named by the client when only the server repeats its flight', async () => {
      const link = new Link();
      await serve(link, { ...quick, psk: { alice: wrongKey } });
      const error = await rejected(client(link, { ciphers }).startHandshake().opened);
      expect(error).toMatchObject(expected);
    });
  },
);

test('a client whose server only repeats its flight, without an alert, names the wrong key', async () => {
  const link = new Link();
  await serve(link, quick);
  // As seen from the client: its Finished is dropped without a word.
  link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
  const error = await rejected(client(link).startHandshake().opened);
  expect(error).toMatchObject({ code: 'ERR_DTLS_PSK_MISMATCH' });
  expect(error).not.toHaveProperty('alert');
  expect(error.handshake?.repeatsReceived).toBeGreaterThan(2);
});

test('a server whose client only repeats its flight names the wrong key, and tells it by an alert', async () => {
  const link = new Link();
  const server = await serve(link, { psk: { alice: wrongKey } });
  const peerErrors = once(server, 'peerError') as Promise<[DtlsError]>;
  const error = rejected(client(link, quick).startHandshake().opened);
  expect((await peerErrors)[0]).toMatchObject({ code: 'ERR_DTLS_PSK_MISMATCH' });
  expect((await peerErrors)[0]).not.toHaveProperty('alert');
  expect(await error).toMatchObject({ code: 'ERR_DTLS_PSK_MISMATCH', alert: 'bad_record_mac' });
});

test('an unknown identity is named on both sides', async () => {
  const { error, peerError } = await fail({ client: { psk: { identity: 'mallory', key } } });
  expect(error).toMatchObject({ code: 'ERR_DTLS_PSK_UNKNOWN', alert: 'unknown_psk_identity' });
  expect(error.message).toMatch(/server 192\.0\.2\.1:22334 .*no key for the identity "mallory"/);
  expect(peerError).toMatchObject({ code: 'ERR_DTLS_PSK_UNKNOWN', alert: 'unknown_psk_identity' });
  expect(peerError.message).toMatch(/client 192\.0\.2\.99:50000 named the identity "mallory"/);
});

test('two sides without a common suite tell what each of them has', async () => {
  const { error, peerError } = await fail({
    client: { ciphers: 'PSK-AES128-GCM-SHA256' },
    server: { ciphers: 'PSK-AES256-GCM-SHA384' },
  });
  expect(error).toMatchObject({ code: 'ERR_DTLS_NO_SHARED_CIPHER', alert: 'handshake_failure' });
  expect(error.message).toContain('This side has PSK-AES128-GCM-SHA256;');
  expect(peerError).toMatchObject({ code: 'ERR_DTLS_NO_SHARED_CIPHER', reason: 'no shared cipher' });
  expect(peerError.message).toContain('This side has PSK-AES256-GCM-SHA384;');
});

test('a server context in which the identity has another key is a wrong key, too', async () => {
  const secureContext = createSecureContext({ psk: { alice: wrongKey } });
  const { error } = await fail({ client: quick, server: { ...quick, psk: undefined, secureContext } });
  expect(error.code).toBe('ERR_DTLS_PSK_MISMATCH');
});

describe('a plaintext alert', () => {
  const alert = (description: number): Buffer => record(Type.alert, Buffer.of(2, description), { sequence: 9 });

  test('during the handshake ends it', async () => {
    const link = new Link();
    const transport = link.client();
    const association = client(link, { transport }).startHandshake();
    await link.quiet();
    link.injectToClient(alert(70), transport.address);
    const error = await rejected(association.opened);
    expect(error).toMatchObject({ code: 'ERR_DTLS_VERSION', alert: 'protocol_version' });
    expect(error.message).toContain('does not speak the protocol version of this side');
  });

  test('afterwards is noise: anybody could have sent it', async () => {
    const { client, peer, link, transport } = await openPair();
    link.injectToClient(alert(40), transport.address);
    link.inject(alert(40), transport.address);
    await link.quiet();
    await talk(client, peer);
  });
});

describe('a transport', () => {
  test.each(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH'])(
    'that tells %s before any answer ends the attempt',
    async (code) => {
      const link = new Link();
      const transport = link.client();
      const association = client(link, { transport }).startHandshake();
      await link.quiet();
      const cause = Object.assign(new Error(`recvmsg ${code}`), { code });
      transport.receiver?.failed(cause, false);
      const error = await rejected(association.opened);
      expect(error).toMatchObject({
        code: code === 'ECONNREFUSED' ? 'ERR_DTLS_REFUSED' : 'ERR_DTLS_SOCKET',
        cause,
        peer: { address: '192.0.2.1', port: 22334 },
        handshake: { lastSent: 'ClientHello', datagramsReceived: 0 },
      });
      expect(error.message).toContain('192.0.2.1:22334');
    },
  );

  test('that tells the same once the peer has answered is only counted', async () => {
    const link = new Link();
    await serve(link);
    link.toServer.rule = drop(1);
    const transport = link.client();
    const association = client(link, { transport }).startHandshake();
    await link.quiet();
    transport.receiver?.failed(Object.assign(new Error('noise'), { code: 'ECONNREFUSED' }), false);
    expect(association.state).toBe('handshaking');
    expect(association.stats.transportErrors).toBe(1);
  });

  test('that cannot go on ends the association, open or not', async () => {
    const link = new Link();
    const server = await serve(link);
    const cause = new Error('the cable is cut');
    const transport = link.client();
    const association = await client(link, { transport }).startHandshake().opened;
    transport.receiver?.failed(cause, true);
    expect(await association.closed).toMatchObject({ reason: 'error', error: { code: 'ERR_DTLS_SOCKET', cause } });

    const broken = link.client();
    broken.open = (receiver) => setImmediate(() => receiver.failed(cause, true));
    const error = await rejected(client(link, { transport: broken }).startHandshake().opened);
    expect(error).toMatchObject({ code: 'ERR_DTLS_SOCKET', cause });
    await server.close();
  });

  test('whose open throws ends the attempt', async () => {
    const transport = new Link().client();
    const cause = new Error('no such channel');
    transport.open = () => {
      throw cause;
    };
    const error = await rejected(client(new Link(), { transport }).startHandshake().opened);
    expect(error).toMatchObject({ code: 'ERR_DTLS_SOCKET', cause });
  });

  test('whose send throws ends the association', async () => {
    const link = new Link();
    await serve(link);
    const transport = link.client();
    const association = await client(link, { transport }).startHandshake().opened;
    const cause = new Error('the channel is gone');
    transport.send = () => {
      throw cause;
    };
    association.send('into the void');
    expect(await association.closed).toMatchObject({ reason: 'error', error: { code: 'ERR_DTLS_SOCKET', cause } });
  });
});
