import { describe, expect, test } from '@jest/globals';
import type { DtlsAssociation } from '../../lib';
import { Link } from '../support/link';
import { client, openPair, type Pair, serve, talk } from '../support/pair';

/** The server gets several messages of the client in one datagram. */
async function sendTogether({ client, link, transport }: Pair, texts: string[]): Promise<void> {
  link.toServer.rule = () => [];
  const first = link.toServer.sent.length;
  for (const text of texts) client.send(text);
  link.inject(Buffer.concat(link.toServer.sent.slice(first)), transport.address);
  await link.quiet();
}

const textsOf = (association: DtlsAssociation): string[] => {
  const texts: string[] = [];
  association.on('message', (data) => texts.push(data.toString()));
  return texts;
};

test('every record of a datagram is read, at once and in order', async () => {
  const pair = await openPair();
  const texts = textsOf(pair.peer);
  await sendTogether(pair, ['one', 'two', 'three']);
  expect(texts).toEqual(['one', 'two', 'three']);
});

describe('a listener of message that ends the association in the middle of a datagram', () => {
  test.each(['close', 'destroy'] as const)('by %s hears of no further message', async (verb) => {
    const pair = await openPair();
    const texts = textsOf(pair.peer);
    pair.peer.once('message', () => void pair.peer[verb]());
    await sendTogether(pair, ['one', 'two']);
    expect(texts).toEqual(['one']);
    expect(await pair.peer.closed).toEqual({ reason: 'local' });
    expect(pair.peer.stats).toMatchObject({ messagesReceived: 1 });
  });
});

test('a listener may answer every message of a datagram', async () => {
  const pair = await openPair();
  const answers = textsOf(pair.client);
  pair.peer.on('message', (data) => pair.peer.send(`${data} too`));
  await sendTogether(pair, ['one', 'two']);
  expect(answers).toEqual(['one too', 'two too']);
});

test('a close_notify behind messages in one datagram comes after them', async () => {
  const pair = await openPair();
  const texts = textsOf(pair.peer);
  const { link, transport } = pair;
  link.toServer.rule = () => [];
  const first = link.toServer.sent.length;
  pair.client.send('last words');
  await pair.client.close();
  link.inject(Buffer.concat(link.toServer.sent.slice(first)), transport.address);
  expect(await pair.peer.closed).toEqual({ reason: 'peer' });
  expect(texts).toEqual(['last words']);
});

describe('an error is not thrown when somebody hears of it:', () => {
  /** A handshake that fails soon. */
  function failing(): DtlsAssociation {
    return client(new Link(), { handshakeTimeout: 5 });
  }

  test('by a listener of error', async () => {
    const association = failing();
    const errors: unknown[] = [];
    association.on('error', (error) => errors.push(error));
    association.startHandshake();
    await new Promise((resolve) => association.once('close', resolve));
    expect(errors).toMatchObject([{ code: 'ERR_DTLS_HANDSHAKE_TIMEOUT' }]);
  });

  test.each(['opened', 'closed'] as const)('by the promise %s', async (name) => {
    const association = failing();
    void association[name];
    association.startHandshake();
    await new Promise((resolve) => association.once('close', resolve));
    expect(association.state).toBe('closed');
  });

  test('by a reader of messages', async () => {
    const association = failing();
    const first = association[Symbol.asyncIterator]().next();
    association.startHandshake();
    await expect(first).rejects.toMatchObject({ code: 'ERR_DTLS_HANDSHAKE_TIMEOUT' });
  });

  test("by a listener of Qt's errorMessage", async () => {
    const association = failing();
    const texts: string[] = [];
    association.on('errorMessage', (text) => texts.push(text));
    association.startHandshake();
    await new Promise((resolve) => association.once('close', resolve));
    expect(texts).toHaveLength(1);
  });

  test('by the server that the association belongs to', async () => {
    const { peer, server } = await openPair();
    const errors: unknown[] = [];
    server.on('peerError', (error, remote) => errors.push(error, remote));
    const error = new Error('enough');
    peer.destroy(error);
    await peer.closed;
    expect(errors).toEqual([error, peer.remote]);
  });

  test('on a server even when nobody listens at all', async () => {
    const { peer, server, link } = await openPair();
    peer.destroy(new Error('enough'));
    await link.quiet();
    expect(server.associations.size).toBe(0);
  });
});

test('an error reaches both the promise and the listener', async () => {
  const association = client(new Link(), { handshakeTimeout: 5 });
  const errors: unknown[] = [];
  association.on('error', (error) => errors.push(error));
  const reason = await association.startHandshake().opened.catch((error) => error);
  await association.closed;
  expect(errors).toEqual([reason]);
});

test('a listener that starts another association in secureConnect does no harm', async () => {
  const link = new Link();
  const server = await serve(link);
  const first = client(link);
  const second = client(link);
  first.once('secureConnect', () => second.startHandshake());
  await first.startHandshake().opened;
  await second.opened;
  await link.quiet();
  expect(server.associations.size).toBe(2);
  for (const peer of server.associations) await talk(peer, peer.remote.port === 50_000 ? first : second);
});
