import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { ClientPskCallback, DtlsAssociation, DtlsError, RemoteAddress, ServerPskCallback } from '../../lib';
import { rejected } from '../support/errors';
import { Link } from '../support/link';
import { client, key, openPair, psk, serve, talk, wrongKey } from '../support/pair';

/** What becomes of a handshake whose client asks this callback. */
async function clientAsks(pskCallback: ClientPskCallback): Promise<{ error: DtlsError; peerError: DtlsError }> {
  const link = new Link();
  const server = await serve(link);
  const peerErrors = once(server, 'peerError');
  const error = await rejected(client(link, { pskCallback }).startHandshake().opened);
  return { error, peerError: (await peerErrors)[0] };
}

/** What becomes of a handshake whose server asks this callback. */
async function serverAsks(pskCallback: ServerPskCallback): Promise<{ error: DtlsError; peerError: DtlsError }> {
  const link = new Link();
  const server = await serve(link, { psk: undefined, pskCallback });
  const peerErrors = once(server, 'peerError');
  const error = await rejected(client(link).startHandshake().opened);
  return { error, peerError: (await peerErrors)[0] };
}

describe('the pskCallback of a client', () => {
  test.each([
    ['the hint of the server', 'fleet 7, Zürich', 'fleet 7, Zürich'],
    ['"" when the server sends no hint', undefined, ''],
  ])('is asked once, with %s', async (_, pskIdentityHint, expected) => {
    const asked: string[] = [];
    const pskCallback: ClientPskCallback = (hint) => {
      asked.push(hint);
      return psk;
    };
    const { client, peer } = await openPair({
      client: { pskCallback, ciphers: 'PSK-AES128-GCM-SHA256' },
      server: pskIdentityHint === undefined ? {} : { pskIdentityHint },
    });
    expect(asked).toEqual([expected]);
    await talk(client, peer);
  });

  test('may answer in the form of node:tls', async () => {
    const { client, peer } = await openPair({ client: { pskCallback: () => ({ identity: 'alice', psk: key }) } });
    await talk(client, peer);
  });

  test('may give the identity as bytes', async () => {
    const { peer } = await openPair({ client: { pskCallback: () => ({ identity: Buffer.from('alice'), key }) } });
    expect(peer.pskIdentity).toBe('alice');
  });

  test('is not asked when psk is given too', async () => {
    const pskCallback = (): never => {
      throw new Error('nobody has to ask');
    };
    const { client } = await openPair({ client: { psk, pskCallback } });
    expect(client.state).toBe('open');
  });

  test.each([undefined, null])('that answers %p ends the handshake', async (answer) => {
    const { error } = await clientAsks(() => answer);
    expect(error).toMatchObject({ code: 'ERR_DTLS_PSK_UNKNOWN' });
    expect(error.message).toContain('pskCallback gave no credentials');
  });

  test('that throws ends the handshake with that very error', async () => {
    const cause = new Error('the vault is sealed');
    const { error } = await clientAsks(() => {
      throw cause;
    });
    expect(error).toMatchObject({ code: 'ERR_DTLS_PSK_CALLBACK', cause });
  });

  test.each([null, undefined, 'text', 0])('may throw %p', async (value) => {
    const { error } = await clientAsks(() => {
      throw value;
    });
    expect(error).toHaveProperty('code', 'ERR_DTLS_PSK_CALLBACK');
    expect(error.cause).toBe(value);
  });

  test.each([
    ['a key that is too long', { identity: 'alice', key: Buffer.alloc(257) }, 'ERR_DTLS_PSK_KEY', 'pskCallback.key'],
    [
      'an identity that is too long',
      { identity: 'a'.repeat(129), key },
      'ERR_DTLS_PSK_IDENTITY',
      'pskCallback.identity',
    ],
    ['a text key', { identity: 'alice', key: '1a2b' }, 'ERR_DTLS_OPTION', 'pskCallback.key'],
    ['a bare key', key, 'ERR_DTLS_OPTION', 'pskCallback'],
    ['a number', 7, 'ERR_DTLS_OPTION', 'pskCallback'],
  ])('may not answer %s', async (_, answer, code, option) => {
    const { error } = await clientAsks(() => answer as typeof psk);
    expect(error).toMatchObject({ code: 'ERR_DTLS_PSK_CALLBACK', cause: { code, option } });
  });
});

describe('inside the pskCallback of a client', () => {
  async function inside(act: (association: DtlsAssociation) => unknown) {
    const link = new Link();
    const server = await serve(link);
    const transport = link.client();
    const association: DtlsAssociation = client(link, {
      transport,
      pskCallback: () => {
        act(association);
        return psk;
      },
    });
    association.startHandshake();
    return { link, server, association, transport };
  }

  test('send throws ERR_DTLS_STATE', async () => {
    const { association } = await inside((it) => it.send('too early'));
    expect(await rejected(association.opened)).toMatchObject({
      code: 'ERR_DTLS_PSK_CALLBACK',
      cause: { code: 'ERR_DTLS_STATE' },
    });
  });

  test.each([
    ['destroy', (it: DtlsAssociation) => it.destroy()],
    ['close', (it: DtlsAssociation) => void it.close()],
  ])('%s ends the association, and nothing is sent any more', async (_, act) => {
    const { association, link, transport } = await inside(act);
    expect(await association.closed).toEqual({ reason: 'local' });
    expect(await rejected(association.opened)).toMatchObject({ code: 'ERR_DTLS_CLOSED' });
    expect(transport.receiver).toBeUndefined();
    await link.quiet();
    // Two hellos; no key exchange.
    expect(link.toServer.sent).toHaveLength(2);
  });

  test('destroy with an error ends the association with it', async () => {
    const error = new Error('enough');
    const { association } = await inside((it) => it.destroy(error));
    await expect(association.opened).rejects.toBe(error);
    expect(await association.closed).toEqual({ reason: 'error', error });
  });
});

describe('the pskCallback of a server', () => {
  test('is asked once, with the identity and the address of the client', async () => {
    const asked: Array<[string, RemoteAddress]> = [];
    const pskCallback: ServerPskCallback = (identity, peer) => {
      asked.push([identity, peer]);
      return key;
    };
    const { client, peer, transport } = await openPair({
      client: { psk: { identity: 'Zoë', key } },
      server: { psk: undefined, pskCallback },
    });
    expect(asked).toEqual([['Zoë', transport.address]]);
    await talk(client, peer);
  });

  test('is asked only for identities that psk does not hold', async () => {
    const asked: string[] = [];
    const pskCallback: ServerPskCallback = (identity) => {
      asked.push(identity);
      return key;
    };
    const link = new Link();
    await serve(link, { pskCallback });
    await client(link).startHandshake().opened;
    await client(link, { psk: { identity: 'bob', key } }).startHandshake().opened;
    expect(asked).toEqual(['bob']);
  });

  test.each([undefined, null])('that answers %p: the identity is unknown', async (answer) => {
    const { error, peerError } = await serverAsks(() => answer);
    for (const each of [error, peerError]) {
      expect(each).toMatchObject({ code: 'ERR_DTLS_PSK_UNKNOWN', alert: 'unknown_psk_identity' });
      expect(each.message).toContain('"alice"');
    }
  });

  test('that throws ends that handshake with that very error, and no other', async () => {
    const link = new Link();
    const cause = new Error('the vault is sealed');
    const server = await serve(link, {
      psk: undefined,
      pskCallback: (identity) => {
        if (identity === 'mallory') throw cause;
        return key;
      },
    });
    const good = await client(link).startHandshake().opened;
    const peerErrors = once(server, 'peerError');
    const bad = client(link, { psk: { identity: 'mallory', key } });
    await rejected(bad.startHandshake().opened);
    expect((await peerErrors)[0]).toMatchObject({ code: 'ERR_DTLS_PSK_CALLBACK', cause });
    await talk(good, [...server.associations][0] as DtlsAssociation);
  });

  test.each([
    ['a key that is too long', Buffer.alloc(257), 'ERR_DTLS_PSK_KEY'],
    ['an empty key', Buffer.alloc(0), 'ERR_DTLS_PSK_KEY'],
    ['text', '1a2b', 'ERR_DTLS_OPTION'],
  ])('may not answer %s', async (_, answer, code) => {
    const { peerError } = await serverAsks(() => answer as Uint8Array);
    expect(peerError).toMatchObject({ code: 'ERR_DTLS_PSK_CALLBACK', cause: { code, option: 'pskCallback' } });
  });

  test('never sees an identity that is no UTF-8: it is unknown', async () => {
    const asked: string[] = [];
    const link = new Link();
    const server = await serve(link, {
      psk: undefined,
      pskCallback: (identity) => {
        asked.push(identity);
        return key;
      },
    });
    server.on('peerError', () => {});
    const association = client(link, { psk: { identity: Uint8Array.of(0xff, 0xfe), key } });
    expect((await rejected(association.startHandshake().opened)).code).toBe('ERR_DTLS_PSK_UNKNOWN');
    expect(asked).toEqual([]);
  });

  test('may close the server', async () => {
    const link = new Link();
    const server = await serve(link, {
      psk: undefined,
      pskCallback: () => {
        void server.close();
        return wrongKey;
      },
    });
    const closed = once(server, 'close');
    client(link).startHandshake();
    await closed;
    expect(server.associations.size).toBe(0);
  });
});
