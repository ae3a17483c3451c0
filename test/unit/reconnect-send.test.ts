import { once } from 'node:events';
import { describe, expect, jest, test } from '@jest/globals';
import { createSecureContext } from '../../lib';
import { fakeClock } from '../support/clock';
import { thrown } from '../support/errors';
import { Link } from '../support/link';
import { endpointClient } from '../support/link-endpoint';
import { key, messages } from '../support/pair';
import { comeBack, FIRST_DELAY_MS, lose, loseAll, openComing } from '../support/reconnect';

fakeClock();

describe('send while the association is lost', () => {
  test('throws ERR_DTLS_STATE, in each state, and says what would do', async () => {
    const all = await openComing();
    const { client, link } = all;
    const states: string[] = [];
    const check = (): void => {
      states.push(client.state);
      const error = thrown(() => client.send('hello'));
      expect(error.code).toBe('ERR_DTLS_STATE');
      expect(error.message).toMatch(/not connected again yet; wait for secureConnect, or .* reconnect\.queue/);
    };
    client.once('disconnect', check);
    await lose(all);
    client.once('lookup', check);
    link.toServer.rule = loseAll;
    jest.advanceTimersByTime(FIRST_DELAY_MS);
    await link.quiet();
    check();
    expect(states).toEqual(['reconnecting', 'connecting', 'handshaking']);
  });

  test('with a queue keeps copies, which are sent in order before anything else', async () => {
    const all = await openComing({ reconnect: { queue: 3 } });
    const { client, server } = all;
    const arrived: string[] = [];
    server.on('secureConnection', (peer) => peer.on('message', (data) => arrived.push(data.toString())));
    await lose(all);
    const data = Buffer.from('one');
    expect(client.send(data)).toBe(false);
    data.fill(0);
    expect(client.send('two')).toBe(false);
    client.once('lookup', () => client.send('three'));
    client.on('infoMessage', (text) => {
      if (text.endsWith('encrypted connection established!')) client.send('four');
    });
    client.once('secureConnect', () => client.send('five'));
    await comeBack(all);
    await all.link.quiet();
    expect(arrived).toEqual(['one', 'two', 'three', 'four', 'five']);
  });

  test('throws when the queue is full, and keeps what is in it', async () => {
    const all = await openComing({ reconnect: { queue: 2 } });
    await lose(all);
    all.client.send('one');
    all.client.send('two');
    const error = thrown(() => all.client.send('three'));
    expect(error.code).toBe('ERR_DTLS_STATE');
    expect(error.message).toMatch(/its queue is full with 2 \(reconnect\.queue\)/);
    const peer = await comeBack(all);
    expect(await messages(peer, 2)).toEqual(['one', 'two']);
    expect(all.client.stats.messagesSent).toBe(2);
  });

  test('checks the size of the message first', async () => {
    const all = await openComing({ reconnect: { queue: 2 } });
    await lose(all);
    expect(thrown(() => all.client.send('')).code).toBe('ERR_DTLS_MESSAGE_SIZE');
    expect(thrown(() => all.client.send(Buffer.alloc(1200))).code).toBe('ERR_DTLS_MESSAGE_SIZE');
  });

  test('that said false is followed by drain when there is room again', async () => {
    const all = await openComing({ reconnect: { queue: 2 } });
    const events: string[] = [];
    all.client.on('drain', () => events.push('drain')).on('secureConnect', () => events.push('secureConnect'));
    await lose(all);
    all.client.send('one');
    expect(events).toEqual([]);
    await comeBack(all);
    expect(events).toEqual(['secureConnect', 'drain']);
  });

  test('before the loss that said false is followed by drain, too', async () => {
    const all = await openComing();
    const drained = once(all.client, 'drain');
    for (const transport of all.endpoint.transports) transport.taken = false;
    expect(all.client.send('one too many')).toBe(false);
    await lose(all);
    await comeBack(all);
    await drained;
  });

  test('is followed by no drain until the transport has room', async () => {
    const all = await openComing({ reconnect: { queue: 1 } });
    const { client, endpoint, server } = all;
    const drains: number[] = [];
    client.on('drain', () => drains.push(endpoint.transports.length));
    await lose(all);
    client.send('one');
    client.once('lookup', () =>
      setImmediate(() => {
        for (const transport of endpoint.transports) transport.taken = false;
      }),
    );
    await comeBack({ server, client });
    expect(drains).toEqual([]);
    endpoint.transports.at(-1)?.receiver?.drained();
    expect(drains).toEqual([2]);
  });

  test('with a queue drops a message for which the new keys leave no room', async () => {
    const ciphers = 'PSK-AES128-GCM-SHA256:PSK-AES128-CBC-SHA256';
    const all = await openComing({ reconnect: { queue: 2 }, client: { ciphers }, server: { ciphers } });
    const { client, server } = all;
    const { maxPayload } = client;
    server.setSecureContext(createSecureContext({ psk: { alice: key }, ciphers: 'PSK-AES128-CBC-SHA256' }));
    await lose(all);
    client.send(Buffer.alloc(maxPayload));
    client.send('short');
    const peer = await comeBack(all);
    expect(client.maxPayload).toBeLessThan(maxPayload);
    expect(await messages(peer, 1)).toEqual(['short']);
  });

  test('before the first opening is refused as ever, whatever the queue', async () => {
    const link = new Link();
    const { client } = endpointClient(link, { reconnect: { queue: 5 } });
    expect(thrown(() => client.send('early')).message).toMatch(/await opened first/);
    client.startHandshake();
    await link.quiet();
    expect(thrown(() => client.send('early')).message).toMatch(/await opened first/);
  });

  test('after the end is refused as ever', async () => {
    const all = await openComing({ reconnect: { queue: 5 } });
    await lose(all);
    const closed = all.client.close();
    expect(thrown(() => all.client.send('late')).message).toMatch(/closing.*make a new one/);
    await closed;
    expect(thrown(() => all.client.send('late')).message).toMatch(/closed.*make a new one/);
  });
});
