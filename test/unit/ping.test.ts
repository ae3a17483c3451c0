import { describe, expect, jest, test } from '@jest/globals';
import { PingTimer } from '../../lib/qt/ping';
import { fakeClock } from '../support/clock';
import { Link } from '../support/link';
import { client, messages, openPair, serve, talk } from '../support/pair';

const ping = (name: string, n: number): string => `I am ${name}, please, accept our ping ${n}`;

describe('the pings of an association', () => {
  fakeClock();

  test('end with it, without a word', async () => {
    const { client, peer } = await openPair({ client: { ping: 100 } });
    const texts: string[] = [];
    client.on('errorMessage', (text) => texts.push(text));
    await client.close();
    await peer.closed;
    expect(jest.getTimerCount()).toBe(0);
    expect(texts).toEqual([]);
  });
});

describe('the ping timer', () => {
  fakeClock();

  function start(send: (text: string) => void) {
    const failures: string[] = [];
    const timer = new PingTimer('Alice', 5000, { send, failed: (reason) => failures.push(reason) });
    timer.start();
    return { timer, failures };
  }

  test('sends one ping at once, then one each interval, counted from 0', () => {
    const texts: string[] = [];
    start((text) => texts.push(text));
    expect(texts).toEqual([ping('Alice', 0)]);
    jest.advanceTimersByTime(4999);
    expect(texts).toHaveLength(1);
    jest.advanceTimersByTime(5001);
    expect(texts).toEqual([0, 1, 2].map((n) => ping('Alice', n)));
  });

  test('sends nothing once it is stopped', () => {
    const texts: string[] = [];
    const { timer } = start((text) => texts.push(text));
    timer.stop();
    jest.advanceTimersByTime(60_000);
    expect(texts).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('stops when a ping cannot be sent, and tells why', () => {
    let sent = 0;
    const { failures } = start(() => {
      if (sent++ === 1) throw new Error('the queue is closed');
    });
    jest.advanceTimersByTime(60_000);
    expect(sent).toBe(2);
    expect(failures).toEqual(['the queue is closed']);
  });
});

test('a client pings each so many milliseconds as soon as it is open', async () => {
  const { client, peer } = await openPair({ client: { name: 'Bob', ping: 5 } });
  expect(await messages(peer, 3)).toEqual([0, 1, 2].map((n) => ping('Bob', n)));
  await client.close();
});

test('the ping has the default name', async () => {
  const { peer } = await openPair({ client: { ping: 5, host: '192.0.2.1', port: 22334 } });
  expect(await messages(peer, 1)).toEqual([ping('192.0.2.1:22334', 0)]);
});

test('no ping is sent unless it was asked for', async () => {
  const { client, link } = await openPair();
  await link.quiet();
  expect(client.stats.messagesSent).toBe(0);
});

test('a client that is closed in secureConnect sends no ping', async () => {
  const link = new Link();
  await serve(link);
  const association = client(link, { ping: 5 });
  const texts: string[] = [];
  association.on('errorMessage', (text) => texts.push(text));
  association.once('secureConnect', () => association.close());
  association.startHandshake();
  expect(await association.closed).toEqual({ reason: 'local' });
  expect(association.stats.messagesSent).toBe(0);
  expect(texts).toEqual([]);
});

test('a ping that does not fit the mtu ends the pings, not the association', async () => {
  const { client, peer } = await openPair({ client: { ping: 5, mtu: 256, name: 'x'.repeat(300) } });
  await talk(client, peer);
  expect(client.stats.messagesSent).toBe(1);
});
