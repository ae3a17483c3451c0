import { describe, expect, jest, test } from '@jest/globals';
import type { DtlsAssociation, KeepAliveOptions } from '../../lib';
import { fakeClock } from '../support/clock';
import type { Link } from '../support/link';
import { openPair, type Pair, talk } from '../support/pair';

const EMPTY = Buffer.from('17fefd00000000000000000000', 'hex');

fakeClock();

async function open(keepAlive: number | KeepAliveOptions): Promise<Pair> {
  const pair = await openPair({ client: { keepAlive } });
  // Whatever ends the association is read from `closed`.
  pair.client.on('error', () => {});
  return pair;
}

/** How many empty records the client has sent. */
function empties({ toServer }: Link): number {
  return toServer.sent.filter((datagram) => datagram.equals(EMPTY)).length;
}

/** What arrives at an association from now on. */
function arriving(association: DtlsAssociation): string[] {
  const texts: string[] = [];
  association.on('message', (data) => texts.push(data.toString()));
  return texts;
}

/** Lets the time pass until so many keep-alives have been sent and what they bring about has happened. */
async function pass(link: Link, intervalMs: number, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) {
    jest.advanceTimersByTime(intervalMs);
    await link.quiet();
  }
}

describe('an interval', () => {
  test('sends an empty record each time, whatever else is sent', async () => {
    const { client, link } = await open(1000);
    jest.advanceTimersByTime(999);
    expect(empties(link)).toBe(0);
    jest.advanceTimersByTime(1);
    expect(link.toServer.sent.at(-1)).toEqual(EMPTY);
    client.send('traffic');
    jest.advanceTimersByTime(1000);
    expect(empties(link)).toBe(2);
  });

  test('as a number is that of { interval }', async () => {
    const { link } = await open({ interval: 1000 });
    jest.advanceTimersByTime(3000);
    expect(empties(link)).toBe(3);
  });

  test('does not keep from sending what comes meanwhile, and the peer sees only that', async () => {
    const { client, peer, link } = await open(1000);
    const texts = arriving(peer);
    client.send('before');
    jest.advanceTimersByTime(1000);
    client.send('behind');
    await link.quiet();
    expect(texts).toEqual(['before', 'behind']);
    await talk(client, peer);
  });

  test('is counted: one datagram of 13 bytes, no message', async () => {
    const { client } = await open(1000);
    const { datagramsSent, bytesSent, messagesSent } = client.stats;
    jest.advanceTimersByTime(2000);
    expect(client.stats).toMatchObject({
      datagramsSent: datagramsSent + 2,
      bytesSent: bytesSent + 2 * EMPTY.length,
      messagesSent,
      keepAlivesSent: 2,
    });
  });

  test('goes on when nothing ever comes back: an empty record has no answer', async () => {
    const { client, link } = await open(1000);
    jest.advanceTimersByTime(100_000);
    expect(empties(link)).toBe(100);
    expect(client.state).toBe('open');
  });
});

describe('natTimeout', () => {
  /** When datagrams leave, in milliseconds. */
  function departures({ toServer }: Link): number[] {
    const times: number[] = [];
    toServer.rule = (datagram) => {
      times.push(performance.now());
      return [datagram];
    };
    return times;
  }

  test('sends nothing as long as other datagrams leave', async () => {
    const { client } = await open({ natTimeout: 30_000 });
    for (let i = 0; i < 20; i++) {
      jest.advanceTimersByTime(23_999);
      client.send('traffic');
    }
    expect(client.stats.keepAlivesSent).toBe(0);
  });

  test('sends when nothing has been sent for 80 to 90 percent of it, at whatever moment that was', async () => {
    const { client, link } = await open({ natTimeout: 1000 });
    const times = departures(link);
    for (let offset = 0; offset < 200; offset += 7) {
      jest.advanceTimersByTime(offset);
      client.send('traffic');
      const last = times.length;
      jest.advanceTimersByTime(900);
      const silence = (times[last] as number) - (times[last - 1] as number);
      expect(silence).toBeGreaterThanOrEqual(800);
      expect(silence).toBeLessThanOrEqual(900);
    }
  });

  test('never leaves a longer silence, however long nobody sends', async () => {
    const { link } = await open({ natTimeout: 999 });
    const times = departures(link);
    const start = performance.now();
    jest.advanceTimersByTime(100_000);
    const silences = [...times, start + 100_000].map((time, i) => time - (times[i - 1] ?? start));
    expect(times.length).toBeGreaterThan(100);
    expect(Math.max(...silences)).toBeLessThanOrEqual(999);
  });

  test('asks for a sign of life, too, and finds a dead peer', async () => {
    const { client, link } = await open({ natTimeout: 1000, message: 'ping', maxUnanswered: 2 });
    await pass(link, 1000, 3);
    expect(await client.closed).toMatchObject({ error: { code: 'ERR_DTLS_PEER_DEAD' } });
    expect(client.stats.keepAlivesSent).toBe(2);
  });
});

describe('a message', () => {
  test('is sent each time as any other', async () => {
    const { client, peer, link } = await open({ interval: 1000, message: 'ping' });
    const texts = arriving(peer);
    await pass(link, 1000, 3);
    expect(texts).toEqual(['ping', 'ping', 'ping']);
    expect(client.stats).toMatchObject({ messagesSent: 3, keepAlivesSent: 3 });
    expect(empties(link)).toBe(0);
  });

  test('may be bytes, of which a copy is kept', async () => {
    const message = Buffer.from('ping');
    const { peer, link } = await open({ interval: 1000, message });
    message.fill(0);
    const texts = arriving(peer);
    await pass(link, 1000);
    expect(texts).toEqual(['ping']);
  });

  test('may be made anew each time', async () => {
    let n = 0;
    const { peer, link } = await open({ interval: 1000, message: () => `ping ${n++}` });
    const texts = arriving(peer);
    await pass(link, 1000, 2);
    expect(texts).toEqual(['ping 0', 'ping 1']);
  });

  test('that stays without an answer three times ends the association as dead, an interval later', async () => {
    const { client, peer, link } = await open({ interval: 1000, message: 'ping' });
    const asked = arriving(peer);
    await pass(link, 1000, 3);
    expect(client.state).toBe('open');
    jest.advanceTimersByTime(999);
    expect(client.state).toBe('open');
    jest.advanceTimersByTime(1);
    const { reason, error } = await client.closed;
    expect(reason).toBe('error');
    expect(error).toMatchObject({ code: 'ERR_DTLS_PEER_DEAD', peer: client.remote });
    expect(error?.message).toBe(
      'The peer 192.0.2.1:22334 is dead: no message came after 3 keep-alives that it should have answered.',
    );
    expect(asked).toHaveLength(3);
  });

  test('is answered by any message, whatever it says', async () => {
    const { client, peer, link } = await open({ interval: 1000, message: 'ping', maxUnanswered: 2 });
    for (let i = 0; i < 10; i++) {
      await pass(link, 1000, 2);
      peer.send('something else');
      await link.quiet();
    }
    expect(client.state).toBe('open');
    await pass(link, 1000, 3);
    expect(client.state).toBe('closed');
  });

  test('is not answered by noise that claims to come from the peer', async () => {
    const { client, peer, link, transport } = await open({ interval: 1000, message: 'ping', maxUnanswered: 1 });
    peer.send('once');
    await link.quiet();
    await pass(link, 1000);
    link.injectToClient(link.toClient.sent.at(-1) as Buffer, transport.address);
    await link.quiet();
    await pass(link, 1000);
    expect((await client.closed).error).toMatchObject({ code: 'ERR_DTLS_PEER_DEAD' });
  });

  test.each<[string, () => string | Uint8Array, object]>([
    [
      'throws',
      () => {
        throw new TypeError('no message today');
      },
      { message: 'no message today' },
    ],
    ['is empty', () => '', { code: 'ERR_DTLS_MESSAGE_SIZE' }],
    ['is too large', () => Buffer.alloc(2000), { code: 'ERR_DTLS_MESSAGE_SIZE' }],
    ['is none', () => 5 as unknown as string, { code: 'ERR_DTLS_OPTION' }],
  ])('that %s has no answer, and the error says why', async (_, message, cause) => {
    const { client } = await open({ interval: 1000, message, maxUnanswered: 1 });
    jest.advanceTimersByTime(2000);
    expect((await client.closed).error).toMatchObject({ code: 'ERR_DTLS_PEER_DEAD', cause });
  });
});

describe('a probe', () => {
  test('gets the association, at each interval', async () => {
    const probe = jest.fn(() => true);
    const { client, link } = await open({ interval: 1000, probe });
    await pass(link, 1000, 5);
    expect(probe.mock.calls).toEqual(Array(5).fill([client]));
    expect(client.stats.keepAlivesSent).toBe(5);
    expect(client.state).toBe('open');
    expect(empties(link)).toBe(0);
  });

  test.each<[string, NonNullable<KeepAliveOptions['probe']>]>([
    ['true', () => true],
    ['a promise of true', async () => true],
    [
      'a promise of true in time',
      () =>
        new Promise((resolve) => {
          setTimeout(() => resolve(true), 400);
        }),
    ],
  ])('that answers %s is a sign of life', async (_, probe) => {
    const { client, link } = await open({ interval: 1000, probe, maxUnanswered: 1 });
    await pass(link, 500, 20);
    expect(client.state).toBe('open');
  });

  const why = new Error('no route');

  test.each<[string, NonNullable<KeepAliveOptions['probe']>, unknown]>([
    ['answers false', () => false, undefined],
    ['promises false', async () => false, undefined],
    ['answers something that is true only to some', () => 1 as unknown as boolean, undefined],
    ['never answers', () => new Promise(() => {}), undefined],
    [
      'throws',
      () => {
        throw why;
      },
      why,
    ],
    ['rejects', () => Promise.reject(why), why],
  ])('that %s three times means a dead peer', async (_, probe, cause) => {
    const calls = jest.fn(probe);
    const { client, link } = await open({ interval: 1000, probe: calls });
    await pass(link, 1000, 3);
    expect(client.state).toBe('open');
    await pass(link, 1000);
    const { error } = await client.closed;
    expect(error).toMatchObject({ code: 'ERR_DTLS_PEER_DEAD' });
    expect(error?.cause).toBe(cause);
    expect(calls).toHaveBeenCalledTimes(3);
  });

  test('without an answer counts for nothing when a message of the peer comes', async () => {
    const { client, peer, link } = await open({ interval: 1000, probe: () => false, maxUnanswered: 1 });
    for (let i = 0; i < 5; i++) {
      await pass(link, 1000);
      peer.send('here I am');
      await link.quiet();
    }
    expect(client.state).toBe('open');
  });

  test('may close the association', async () => {
    const { client } = await open({
      interval: 1000,
      probe: (association) => {
        void association.close();
        return true;
      },
    });
    jest.advanceTimersByTime(1000);
    expect(await client.closed).toEqual({ reason: 'local' });
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('keep-alives end', () => {
  test.each<[string, (pair: Pair) => unknown]>([
    ['is closed', ({ client }) => client.close()],
    ['is closed by the peer', ({ peer }) => peer.close()],
    ['fails', ({ transport }) => transport.receiver?.failed(new Error('gone'), true)],
  ])('when the association %s', async (_, end) => {
    const pair = await open({ interval: 1000, message: 'ping' });
    end(pair);
    await pair.client.closed;
    await pair.peer.close();
    expect(jest.getTimerCount()).toBe(0);
  });

  test('when the transport fails over one', async () => {
    const { client, transport } = await open(1000);
    transport.send = () => {
      throw new Error('the channel is gone');
    };
    jest.advanceTimersByTime(1000);
    expect((await client.closed).error).toMatchObject({ code: 'ERR_DTLS_SOCKET' });
    expect(client.stats.keepAlivesSent).toBe(1);
  });
});

test('nothing is sent unless it was asked for', async () => {
  const { client, link } = await openPair();
  const sent = link.toServer.sent.length;
  jest.advanceTimersByTime(1_000_000);
  expect(link.toServer.sent.length).toBe(sent);
  expect(client.stats.keepAlivesSent).toBe(0);
});

test('the empty record uses up no number of a record, and no peer is told of it', async () => {
  const { client, peer, link } = await open(1000);
  client.send('one');
  jest.advanceTimersByTime(1000);
  client.send('two');
  await link.quiet();
  const numbers = link.toServer.sent
    .filter((record) => record[0] === 23 && !record.equals(EMPTY))
    .map((record) => record.readUIntBE(5, 6));
  expect((numbers[1] as number) - (numbers[0] as number)).toBe(1);
  expect(peer.stats.messagesReceived).toBe(2);
});
