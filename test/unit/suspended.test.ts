import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { DtlsServer, KeepAliveOptions } from '../../lib';
import { HandshakeTimer } from '../../lib/association/handshake-timer';
import { fakeClock } from '../support/clock';
import { openPair, talk } from '../support/pair';

fakeClock();

afterEach(() => {
  jest.restoreAllMocks();
});

/**
 * As a process sees it that was stopped and goes on: the clock has advanced, and each timer that is due runs out once.
 */
function suspend(ms: number): void {
  const now = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => now() + ms);
}

describe('a server that was suspended', () => {
  const IDLE_MS = 8000;
  const TICK_MS = IDLE_MS / 8;

  async function almostIdle() {
    const pair = await openPair({ server: { idleTimeout: IDLE_MS } });
    jest.advanceTimersByTime(7 * TICK_MS);
    suspend(60_000);
    return pair;
  }

  const expired = ({ stats }: DtlsServer): number => stats.expired;

  test('does not take its absence for the silence of a peer whose message waits', async () => {
    const { client, server, peer } = await almostIdle();
    jest.advanceTimersByTime(TICK_MS);
    await talk(client, peer);
    jest.advanceTimersByTime(7 * TICK_MS);
    expect(expired(server)).toBe(0);
  });

  test('goes on counting where it was when none waits', async () => {
    const { server } = await almostIdle();
    jest.advanceTimersByTime(2 * TICK_MS);
    expect(expired(server)).toBe(1);
  });
});

describe('a client that was suspended', () => {
  const open = (keepAlive: KeepAliveOptions) => openPair({ client: { keepAlive } });

  test('does not take its absence for the silence of a peer whose answer waits', async () => {
    const { client } = await open({ interval: 1000, message: 'there?', maxUnanswered: 1 });
    jest.advanceTimersByTime(1000);
    suspend(60_000);
    jest.advanceTimersByTime(1000);
    expect(client.state).toBe('open');
    expect(client.stats.keepAlivesSent).toBe(2);
  });

  test('still finds out that its peer is dead', async () => {
    const { client } = await open({ interval: 1000, message: 'there?', maxUnanswered: 1 });
    client.on('error', () => {});
    suspend(60_000);
    jest.advanceTimersByTime(2000);
    expect((await client.closed).error).toMatchObject({ code: 'ERR_DTLS_PEER_DEAD' });
  });

  test('keeps a NAT mapping that may be forgotten at once', async () => {
    const { client, peer, link } = await open({ natTimeout: 30_000 });
    await talk(client, peer);
    suspend(60_000);
    jest.advanceTimersByTime(3000);
    await link.quiet();
    expect(client.stats.keepAlivesSent).toBe(1);
  });
});

describe('a handshake whose timer ran out while the process was suspended', () => {
  test('gives what waits in the socket a turn first', async () => {
    const timedOut = jest.fn();
    new HandshakeTimer(performance.now() + 5000, timedOut).arm(-1);
    suspend(60_000);
    jest.advanceTimersByTime(5000);
    expect(timedOut).not.toHaveBeenCalled();
    await new Promise(setImmediate);
    expect(timedOut).toHaveBeenCalledTimes(1);
  });

  test('does not time out when that completed it', async () => {
    const timedOut = jest.fn();
    const timer = new HandshakeTimer(performance.now() + 5000, timedOut);
    timer.arm(-1);
    suspend(60_000);
    jest.advanceTimersByTime(5000);
    timer.clear();
    await new Promise(setImmediate);
    expect(timedOut).not.toHaveBeenCalled();
  });
});
