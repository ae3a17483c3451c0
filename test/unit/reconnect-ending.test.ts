import { describe, expect, jest, test } from '@jest/globals';
import type { ConnectOptions, DtlsAssociation } from '../../lib';
import { fakeClock } from '../support/clock';
import { talk } from '../support/pair';
import {
  type Coming,
  comeBack,
  FIRST_DELAY_MS,
  failAttempt,
  lastDelay,
  lose,
  loseAll,
  openComing,
} from '../support/reconnect';

fakeClock();

describe('who follows the association', () => {
  test('by iterating goes on reading, until it is closed for good', async () => {
    const all = await openComing();
    const { client } = all;
    const texts: string[] = [];
    const reading = (async () => {
      for await (const data of client) texts.push(data.toString());
    })();
    await talk(client, all.peer);
    await lose(all);
    const peer = await comeBack(all);
    peer.send('and again');
    await all.link.quiet();
    await client.close();
    await reading;
    expect(texts).toEqual(['are you there?', 'and again']);
  });

  test('hears of no error as long as it may come back', async () => {
    const all = await openComing({ reconnect: { maxAttempts: 5 } });
    const errors: unknown[] = [];
    all.client.on('error', (error) => errors.push(error));
    all.endpoint.fail(new Error('gone'));
    all.link.toServer.rule = loseAll;
    await failAttempt(all, lastDelay(all));
    expect(errors).toEqual([]);
  });

  test('by `closed` waits for the end', async () => {
    const all = await openComing();
    let isClosed = false;
    all.client.closed.then(() => {
      isClosed = true;
    });
    await lose(all);
    await comeBack(all);
    await all.link.quiet();
    expect(isClosed).toBe(false);
    expect(await all.client.close()).toEqual({ reason: 'local' });
  });

  test("by Qt's signals reads of the loss and of each attempt", async () => {
    const all = await openComing();
    const texts: string[] = [];
    all.client.on('infoMessage', (text) => texts.push(text)).on('errorMessage', (text) => texts.push(text));
    await lose(all);
    all.link.toServer.rule = loseAll;
    await failAttempt(all, lastDelay(all));
    expect(texts.map((text) => text.replace(/^.*?22334: /, ''))).toEqual([
      'shutdown alert received',
      'starting a handshake',
      expect.stringMatching(/^handshake error - /),
    ]);
  });
});

const ends: Array<[string, (client: DtlsAssociation, controller: AbortController) => unknown, string]> = [
  ['close()', (client) => client.close(), 'local'],
  ['destroy(error)', (client) => client.destroy(new Error('enough')), 'error'],
  ['its signal', (_, controller) => controller.abort(), 'error'],
];

describe.each(ends)('%s ends a client that is lost,', (_, end, reason) => {
  async function openEnding(options: Partial<ConnectOptions> = {}) {
    const controller = new AbortController();
    const client = { signal: controller.signal, ...options };
    const all = await openComing({ reconnect: { queue: 5 }, client });
    all.client.on('error', () => {});
    return { ...all, end: () => end(all.client, controller) };
  }

  async function expectEnd({ client, server, told, endpoint, link }: Coming): Promise<void> {
    expect(await client.closed).toMatchObject({ reason });
    expect(client.state).toBe('closed');
    expect(told.at(-1)).toBe(`closed: ${reason}`);
    expect(endpoint.size).toBe(0);
    await server.close();
    expect(jest.getTimerCount()).toBe(0);
    const sent = link.toServer.sent.length;
    jest.advanceTimersByTime(1_000_000);
    await link.quiet();
    expect(link.toServer.sent.length).toBe(sent);
  }

  test('while it waits', async () => {
    const all = await openEnding();
    await lose(all);
    all.client.send('never sent');
    all.end();
    await expectEnd(all);
  });

  test.each(['disconnect', 'reconnecting'] as const)('in a listener of %s', async (event) => {
    const all = await openEnding();
    const after: string[] = [];
    all.client.once(event, () => {
      all.end();
      after.push(all.client.state);
    });
    await lose(all);
    await expectEnd(all);
    expect(after).toEqual(['closing']);
    expect(all.told.filter((info) => 'attempt' in Object(info))).toHaveLength(event === 'disconnect' ? 0 : 1);
  });

  test('in a listener that hears of the loss before anybody else', async () => {
    const all = await openEnding();
    all.client.once('errorMessage', () => all.end());
    await all.peer.close();
    await expectEnd(all);
    expect(all.told).toEqual([`closed: ${reason}`]);
  });

  test('in the turn in which its delay is over', async () => {
    const all = await openEnding();
    await lose(all);
    jest.advanceTimersByTime(FIRST_DELAY_MS);
    all.end();
    await expectEnd(all);
  });

  test('while the resolver is busy', async () => {
    let lookups = 0;
    const all = await openEnding({
      host: 'dtls.example',
      lookup: (_hostname, _options, callback) => {
        if (lookups++ === 0) callback(null, [{ address: '192.0.2.1', family: 4 }]);
      },
    });
    await lose(all);
    jest.advanceTimersByTime(FIRST_DELAY_MS);
    await all.link.quiet();
    expect([all.client.state, lookups]).toEqual(['connecting', 2]);
    all.end();
    await expectEnd(all);
  });

  test('while it connects', async () => {
    const all = await openEnding();
    await lose(all);
    const states: string[] = [];
    all.client.once('lookup', () => {
      states.push(all.client.state);
      all.end();
    });
    jest.advanceTimersByTime(FIRST_DELAY_MS);
    await expectEnd(all);
    expect(states).toEqual(['connecting']);
    expect(all.endpoint.transports).toHaveLength(1);
  });

  test('in the middle of the handshake', async () => {
    const all = await openEnding();
    await lose(all);
    all.link.toClient.rule = loseAll;
    jest.advanceTimersByTime(FIRST_DELAY_MS);
    await all.link.quiet();
    expect(all.client.state).toBe('handshaking');
    all.end();
    await expectEnd(all);
  });

  test('in secureConnect, when it is back', async () => {
    const all = await openEnding();
    await lose(all);
    all.client.send('the last word');
    all.client.once('secureConnect', () => all.end());
    jest.advanceTimersByTime(FIRST_DELAY_MS);
    await expectEnd(all);
    expect(all.client.stats).toMatchObject({ reconnects: 1, messagesSent: 1 });
  });
});

test('a listener that sends while the loss is told, over a transport that throws, does no harm', async () => {
  const all = await openComing();
  const { client, endpoint, told } = all;
  for (const transport of endpoint.transports) {
    transport.send = () => {
      throw new Error('the socket is gone');
    };
  }
  client.once('warningMessage', () => client.send('are you there?'));
  endpoint.fail(new Error('the cable is out'));
  expect(told).toEqual([
    { reason: 'error', error: expect.objectContaining({ code: 'ERR_DTLS_SOCKET' }) },
    { attempt: 1, delayMs: expect.any(Number), error: expect.objectContaining({ code: 'ERR_DTLS_SOCKET' }) },
  ]);
  await comeBack(all);
});
