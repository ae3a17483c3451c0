import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { CloseInfo, DtlsAssociation } from '../../lib';
import { rejected, thrown } from '../support/errors';
import { Link } from '../support/link';
import { client, openPair, serve, talk } from '../support/pair';

/** Everything that the association emits, in order. */
function record(association: DtlsAssociation): string[] {
  const events: string[] = [];
  for (const name of ['secureConnect', 'message', 'drain', 'close', 'error', 'handshakeTimeout'] as const) {
    association.on(name, () => events.push(name));
  }
  return events;
}

describe('a client', () => {
  test('goes from idle over connecting and handshaking to open, closing and closed', async () => {
    const link = new Link();
    await serve(link);
    const association = client(link);
    const states = [association.state];
    const note = () => states.push(association.state);
    association.startHandshake();
    note();
    await new Promise(setImmediate);
    note();
    await association.opened;
    note();
    const closed = association.close();
    note();
    await closed;
    note();
    expect(states).toEqual(['idle', 'connecting', 'handshaking', 'open', 'closing', 'closed']);
  });

  test('emits secureConnect once, message for each message, and close last', async () => {
    const { client, peer, link } = await openPair();
    const events = record(client);
    peer.send('one');
    peer.send('two');
    await link.quiet();
    await client.close();
    expect(events).toEqual(['message', 'message', 'close']);
  });

  test('emits secureConnect when it is open, after opened was settled for those that wait', async () => {
    const link = new Link();
    await serve(link);
    const association = client(link);
    const order: string[] = [];
    association.once('secureConnect', () => order.push(`secureConnect while ${association.state}`));
    expect(await association.startHandshake().opened).toBe(association);
    expect(order).toEqual(['secureConnect while open']);
  });

  test('knows what the handshake settled only when it is open', async () => {
    const link = new Link();
    await serve(link);
    const association = client(link, { ciphers: 'PSK-AES128-GCM-SHA256' });
    expect(association.getCipher()).toBeUndefined();
    expect(association.getProtocol()).toBeNull();
    expect(association.handshake).toBeUndefined();
    expect(association.pskIdentity).toBeUndefined();
    expect(association.maxPayload).toBe(0);
    await association.startHandshake().opened;
    expect(association.getCipher()).toEqual({
      name: 'PSK-AES128-GCM-SHA256',
      standardName: 'TLS_PSK_WITH_AES_128_GCM_SHA256',
      version: 'DTLSv1.2',
    });
    expect(association.getProtocol()).toBe('DTLSv1.2');
    expect(association.pskIdentity).toBe('alice');
  });

  test('keeps what the handshake settled after it is closed', async () => {
    const { client } = await openPair();
    const { maxPayload } = client;
    await client.close();
    expect(client.getProtocol()).toBe('DTLSv1.2');
    expect(client.maxPayload).toBe(maxPayload);
    expect(client.pskIdentity).toBe('alice');
  });

  test('names its peer by host and port as given, until the transport knows better', async () => {
    const link = new Link();
    await serve(link);
    const association = client(link, { host: 'dtls.example', port: 5684 });
    expect(association.name).toBe('dtls.example:5684');
    expect(association.remote).toEqual({ address: 'dtls.example', port: 5684, family: 'unknown' });
    await association.startHandshake().opened;
    expect(association.remote).toEqual({ address: '192.0.2.1', port: 22334, family: 'IPv4' });
  });

  test('can be started once', async () => {
    const { client: open } = await openPair();
    expect(thrown(() => open.startHandshake())).toMatchObject({ code: 'ERR_DTLS_STATE' });
    await open.close();
    expect(thrown(() => open.startHandshake()).message).toContain('closed');
    const started = client(new Link()).startHandshake();
    expect(thrown(() => started.startHandshake()).code).toBe('ERR_DTLS_STATE');
  });
});

test("a server's association is of the same class, open, and cannot be started", async () => {
  const { client, peer, transport } = await openPair();
  expect(peer.constructor).toBe(client.constructor);
  expect(peer.state).toBe('open');
  expect(peer.remote).toEqual(transport.address);
  expect(peer.name).toBe('(192.0.2.99:50000)');
  expect(await peer.opened).toBe(peer);
  expect(thrown(() => peer.startHandshake()).code).toBe('ERR_DTLS_STATE');
});

describe('close', () => {
  test('tells the peer, and both sides why they ended', async () => {
    const { client, peer } = await openPair();
    expect(await client.close()).toEqual({ reason: 'local' });
    expect(await peer.closed).toEqual({ reason: 'peer' });
    expect(peer.state).toBe('closed');
  });

  test('of a server tells the client', async () => {
    const { client, peer } = await openPair();
    expect(await peer.close()).toEqual({ reason: 'local' });
    expect(await client.closed).toEqual({ reason: 'peer' });
  });

  test('answers the close_notify of the peer, and no more', async () => {
    const { client, peer, link } = await openPair();
    const before = link.toClient.sent.length;
    await client.close();
    await peer.closed;
    await link.quiet();
    expect(link.toClient.sent.length).toBe(before + 1);
  });

  test('may be called again, with the same answer', async () => {
    const { client } = await openPair();
    const [first, second] = await Promise.all([client.close(), client.close()]);
    expect([first, second, await client.close()]).toEqual([first, first, first]);
  });

  test('emits close with the reason, once, when all is released', async () => {
    const { client } = await openPair();
    const infos: CloseInfo[] = [];
    client.on('close', (info) => infos.push({ ...info, ...{ state: client.state } }));
    await client.close();
    await client.close();
    expect(infos).toEqual([{ reason: 'local', state: 'closed' }]);
  });

  test('flushes what was sent before it', async () => {
    const { client, peer } = await openPair();
    const arrived: string[] = [];
    peer.on('message', (data) => arrived.push(data.toString()));
    for (let i = 0; i < 20; i++) client.send(`${i}`);
    await client.close();
    await peer.closed;
    expect(arrived).toHaveLength(20);
  });

  test('before the start: opened rejects, closed resolves', async () => {
    const association = client(new Link());
    expect(await association.close()).toEqual({ reason: 'local' });
    expect(await rejected(association.opened)).toMatchObject({ code: 'ERR_DTLS_CLOSED' });
    expect(association.state).toBe('closed');
  });

  test('while the transport opens: opened rejects, nothing is sent', async () => {
    const link = new Link();
    const association = client(link).startHandshake();
    expect(await association.close()).toEqual({ reason: 'local' });
    expect(await rejected(association.opened)).toMatchObject({ code: 'ERR_DTLS_CLOSED' });
    await link.quiet();
    expect(link.toServer.sent).toEqual([]);
  });

  test('in the middle of a handshake: opened rejects, the rest of the handshake goes nowhere', async () => {
    const link = new Link();
    const server = await serve(link);
    const association = client(link).startHandshake();
    await once(server, 'infoMessage');
    expect(association.state).toBe('handshaking');
    expect(await association.close()).toEqual({ reason: 'local' });
    expect(await rejected(association.opened)).toMatchObject({ code: 'ERR_DTLS_CLOSED' });
  });

  test('in a secureConnect listener: opened resolves all the same', async () => {
    const link = new Link();
    await serve(link);
    const association = client(link);
    association.once('secureConnect', () => association.close());
    expect(await association.startHandshake().opened).toBe(association);
    expect(await association.closed).toEqual({ reason: 'local' });
  });

  test('in a close listener does no harm', async () => {
    const { client } = await openPair();
    client.on('close', () => void client.close());
    expect(await client.close()).toEqual({ reason: 'local' });
  });

  test('is what Symbol.asyncDispose calls', async () => {
    const { client, peer } = await openPair();
    await client[Symbol.asyncDispose]();
    expect(client.state).toBe('closed');
    expect(await peer.closed).toEqual({ reason: 'peer' });
  });
});

describe('destroy', () => {
  test('without an error is a close that nobody waits for', async () => {
    const { client, peer } = await openPair();
    const events = record(client);
    client.destroy();
    expect(client.state).toBe('closing');
    expect(await client.closed).toEqual({ reason: 'local' });
    expect(await peer.closed).toEqual({ reason: 'peer' });
    expect(events).toEqual(['close']);
  });

  test('with an error emits it and tells it in closed', async () => {
    const { client, peer } = await openPair();
    const events = record(client);
    const error = new Error('enough');
    client.destroy(error);
    expect(await client.closed).toEqual({ reason: 'error', error });
    expect(events).toEqual(['error', 'close']);
    expect(await peer.closed).toEqual({ reason: 'peer' });
  });

  test('before the start rejects opened with the error', async () => {
    const association = client(new Link());
    association.on('error', () => {});
    const error = new Error('never mind');
    association.destroy(error);
    await expect(association.opened).rejects.toBe(error);
    expect(await association.closed).toEqual({ reason: 'error', error });
  });

  test('after the end changes nothing', async () => {
    const { client } = await openPair();
    await client.close();
    client.destroy(new Error('too late'));
    expect(await client.closed).toEqual({ reason: 'local' });
  });
});

test('unref and ref reach the transport, before and after the start', async () => {
  const { client: open, transport } = await openPair();
  expect(open.unref()).toBe(open);
  expect(transport.referenced).toBe(false);
  open.ref();
  expect(transport.referenced).toBe(true);
  const link = new Link();
  const early = link.client();
  client(link, { transport: early }).unref().startHandshake();
  expect(early.referenced).toBe(false);
});

test('several associations of one server do not know of each other', async () => {
  const link = new Link();
  const server = await serve(link);
  const peers: DtlsAssociation[] = [];
  server.on('secureConnection', (peer) => peers.push(peer));
  const clients = await Promise.all([1, 2, 3].map(() => client(link).startHandshake().opened));
  await link.quiet();
  for (const [i, one] of clients.entries()) await talk(one, peers[i] as DtlsAssociation);
  await (clients[1] as DtlsAssociation).close();
  await link.quiet();
  expect(server.associations).toEqual(new Set([peers[0], peers[2]]));
  await talk(clients[0] as DtlsAssociation, peers[0] as DtlsAssociation);
});
