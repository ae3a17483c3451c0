import { describe, expect, test } from '@jest/globals';
import type { DtlsAssociation } from '../../lib';
import { Link } from '../support/link';
import { client, openPair } from '../support/pair';

async function readAll(association: DtlsAssociation): Promise<string[]> {
  const texts: string[] = [];
  for await (const message of association) texts.push(message.toString());
  return texts;
}

describe('for await over an association', () => {
  test('gives every message in order, and ends with it', async () => {
    const { client, peer } = await openPair();
    const reading = readAll(peer);
    for (const text of ['a', 'b', 'c']) client.send(text);
    await client.close();
    expect(await reading).toEqual(['a', 'b', 'c']);
  });

  test('ends when this side closes', async () => {
    const { client } = await openPair();
    const reading = readAll(client);
    await client.close();
    expect(await reading).toEqual([]);
  });

  test('throws what ended the association', async () => {
    const { client, peer, link } = await openPair();
    const error = new Error('enough');
    const reading = readAll(client);
    peer.send('last');
    await link.quiet();
    client.destroy(error);
    await expect(reading).rejects.toBe(error);
  });

  test('ends at once when the association has ended', async () => {
    const { client } = await openPair();
    const closed = client.close();
    expect(await readAll(client)).toEqual([]);
    await closed;
    expect(await readAll(client)).toEqual([]);
  });

  test('may begin before the handshake, and tells why it failed', async () => {
    const association = client(new Link(), { handshakeTimeout: 5 });
    const reading = readAll(association);
    association.startHandshake();
    await expect(reading).rejects.toMatchObject({ code: 'ERR_DTLS_HANDSHAKE_TIMEOUT' });
  });

  test('begins with the messages from then on', async () => {
    const { client, peer, link } = await openPair();
    client.send('before');
    await link.quiet();
    const reading = readAll(peer);
    client.send('behind');
    await client.close();
    expect(await reading).toEqual(['behind']);
  });

  test('does not close the association when it is left', async () => {
    const { client, peer, link } = await openPair();
    const reading = (async () => {
      for await (const message of peer) if (message.toString() === 'stop') break;
    })();
    client.send('stop');
    await reading;
    expect(peer.state).toBe('open');
    client.send('nobody reads this');
    await link.quiet();
    expect(peer.stats).toMatchObject({ messagesReceived: 2, messagesDropped: 0 });
  });
});

test('each iterator gets every message, and so does the event', async () => {
  const { client, peer } = await openPair();
  const events: string[] = [];
  peer.on('message', (data) => events.push(data.toString()));
  const readings = [readAll(peer), readAll(peer)];
  client.send('a');
  client.send('b');
  await client.close();
  expect(await Promise.all(readings)).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ]);
  expect(events).toEqual(['a', 'b']);
});

test('a slow reader loses what comes on top of 1024 messages, and the counter tells', async () => {
  const { client, peer, link } = await openPair();
  const iterator = peer[Symbol.asyncIterator]();
  for (let i = 0; i < 1030; i++) client.send(`${i}`);
  await link.quiet();
  expect(peer.stats.messagesDropped).toBe(6);
  await client.close();
  const texts: string[] = [];
  for await (const message of iterator) texts.push(message.toString());
  expect(texts).toEqual(Array.from({ length: 1024 }, (_, i) => `${i}`));
});
