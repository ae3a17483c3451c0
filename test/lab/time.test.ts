import { once } from 'node:events';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type ConnectOptions, createServer, DtlsAssociation, type DtlsError, type DtlsServer } from '../../lib';
import { deliverAll, drop, dropRecord, Network, type Rule } from '../../lib/testing';
import { rejected } from '../support/errors';
import { key, psk, talk } from '../support/pair';
import { type Kind, type KindName, makeKinds } from './kinds';
import { LANES } from './trial';
import { elapse, runOut, virtualTime } from './virtual-time';

virtualTime();

let kinds: Awaited<ReturnType<typeof makeKinds>>;
beforeAll(async () => {
  kinds = await makeKinds();
});

const nothingArrives: Rule = () => [];

async function serve(network: Network, options: Kind['server']): Promise<DtlsServer> {
  return createServer(options).listen({ transport: network.server });
}

function connect(network: Network, options: Partial<ConnectOptions>): DtlsAssociation {
  return new DtlsAssociation({ transport: network.client(), ...options }).startHandshake();
}

/** Milliseconds from now at which each datagram of a lane is sent. */
function timesOf(network: Network, lane: (typeof LANES)[number], rule: Rule = deliverAll): number[] {
  const times: number[] = [];
  const startedMs = performance.now();
  network[lane].rule = (...args) => {
    times.push(performance.now() - startedMs);
    return rule(...args);
  };
  return times;
}

async function closeAll(...all: ReadonlyArray<{ close(): Promise<unknown> }>): Promise<void> {
  const closing = all.map((one) => one.close());
  await runOut();
  await Promise.all(closing);
  expect(jest.getTimerCount()).toBe(0);
}

describe('round trips of', () => {
  /** A flight is sent again 1, 3, 7, 15 and 31 s after it was sent first, unless it has been answered by then. */
  const repetitions = (rttMs: number): number => [1000, 3000, 7000, 15_000, 31_000].filter((ms) => ms < rttMs).length;
  /** Beyond what three round trips of 30 s take. */
  const patience = { handshakeTimeout: 300_000 };
  // The client waits for a cookie, for the server's flight, and for its Finished; resumed, for the first two.
  const waits: ReadonlyArray<[name: KindName, ofClient: number]> = [
    ['a pre-shared key', 3],
    ['a pre-shared key, resumed by ticket', 2],
    ['a pre-shared key, resumed by session ID', 2],
    ["the server's certificate", 3],
    ['certificates of both sides', 3],
    ['certificates of both sides, resumed by session ID', 2],
    ['certificates of both sides, resumed by ticket', 2],
  ];

  describe.each([0, 200, 500, 2000, 30_000])('%i ms, a handshake', (rttMs) => {
    test.each(waits)('with %s sends again what the schedule says, and no more', async (name, ofClient) => {
      const kind = kinds[name];
      const network = new Network({ seed: 1 });
      const server = await serve(network, { ...kind.server, ...patience });
      const session = kind.isResumed ? await sessionOf(network, kind) : {};
      for (const lane of LANES) network[lane].impair({ delayMs: rttMs / 2 });
      const startedMs = performance.now();
      const client = connect(network, { ...kind.client, ...patience, ...session });
      const open = Promise.all([client.opened, once(server, 'secureConnection') as Promise<[DtlsAssociation]>]);
      await runOut();
      const [, [peer]] = await open;
      expect(client.isSessionReused()).toBe(kind.isResumed);
      // At 0 each datagram takes a turn of the event loop, which is a millisecond here.
      expect(performance.now() - startedMs).toBeLessThanOrEqual(rttMs * (ofClient + 4) + 100);
      expect(client.handshake?.durationMs).toBeGreaterThanOrEqual(rttMs * ofClient);
      expect(client.handshake?.durationMs).toBeLessThanOrEqual(rttMs * ofClient + 20);
      expect(client.handshake?.retransmits).toBe(ofClient * repetitions(rttMs));
      expect(peer.handshake?.retransmits).toBe(repetitions(rttMs));
      const talking = talk(client, peer);
      await runOut();
      await talking;
      await closeAll(client, server);
    });
  });

  test.each([0, 200, 2000, 30_000])(
    '%i ms are no wrong key when the last flight is lost three times',
    async (rttMs) => {
      const network = new Network({ seed: 1 });
      const server = await serve(network, { psk: { alice: key }, ...patience });
      for (const lane of LANES) network[lane].impair({ delayMs: rttMs / 2 });
      network.toServer.rule = dropRecord('ClientKeyExchange', 3);
      const client = connect(network, { psk, ...patience });
      const opened = client.opened;
      await runOut();
      await opened;
      await closeAll(client, server);
    },
  );

  test('30 s are too much for the default deadline, on both sides', async () => {
    const network = new Network({ seed: 1 });
    const server = await serve(network, { psk: { alice: key } });
    for (const lane of LANES) network[lane].impair({ delayMs: 15_000 });
    const told = once(server, 'peerError') as Promise<[DtlsError]>;
    const failure = rejected(connect(network, { psk }).opened);
    await runOut();
    expect(await failure).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE_TIMEOUT', handshake: { durationMs: 60_000 } });
    expect((await told)[0]).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE_TIMEOUT', handshake: { durationMs: 60_000 } });
    await closeAll(server);
  });
});

async function sessionOf(network: Network, kind: Kind): Promise<{ session: Buffer }> {
  const first = connect(network, kind.client);
  await runOut();
  const session = first.getSession() as Buffer;
  const closing = first.close();
  await runOut();
  await closing;
  return { session };
}

describe('what nobody answers is sent', () => {
  const schedules: ReadonlyArray<[string, Partial<ConnectOptions>, times: number[], failsAt: number]> = [
    ['by default after a second, then twice as late each time', {}, [0, 1000, 3000, 7000, 15_000, 31_000], 60_000],
    [
      'with retransmit.initial and max',
      { retransmit: { initial: 200, max: 1000 }, handshakeTimeout: 5000 },
      [0, 200, 600, 1400, 2400, 3400, 4400],
      5000,
    ],
    [
      'with an initial that is no power of two of the max',
      { retransmit: { initial: 300, max: 1000 }, handshakeTimeout: 4000 },
      [0, 300, 900, 1900, 2900, 3900],
      4000,
    ],
    ['once, when the deadline is before the first timeout', { handshakeTimeout: 999 }, [0], 999],
    ['once, when the deadline is that of the first timeout', { handshakeTimeout: 1000 }, [0], 1000],
    ['twice, when the deadline is behind it', { handshakeTimeout: 2999 }, [0, 1000], 2999],
    ['once, when the schedule is longer than the deadline', { retransmit: { initial: 60_000 } }, [0], 60_000],
    [
      'over hours, when the deadline allows it',
      { retransmit: { initial: 60_000, max: 600_000 }, handshakeTimeout: 3_600_000 },
      [0, 60, 180, 420, 900, 1500, 2100, 2700, 3300].map((seconds) => seconds * 1000),
      3_600_000,
    ],
    [
      '13 times, when the deadline allows it: OpenSSL gives up at the 13th timeout',
      { retransmit: { initial: 100, max: 400 } },
      [0, 100, 300, 700, 1100, 1500, 1900, 2300, 2700, 3100, 3500, 3900, 4300],
      4700,
    ],
  ];

  test.each(schedules)('%s, by a client', async (_, options, times, failsAt) => {
    const network = new Network({ seed: 1 });
    const sent = timesOf(network, 'toServer', nothingArrives);
    const client = connect(network, { psk, ...options });
    const failure = rejected(client.opened);
    await runOut();
    const error = await failure;
    expect(sent).toEqual(times);
    expect(error).toMatchObject({
      code: 'ERR_DTLS_HANDSHAKE_TIMEOUT',
      handshake: { retransmits: times.length - 1, durationMs: failsAt },
    });
    expect(jest.getTimerCount()).toBe(0);
  });

  test.each(schedules)('%s, by a server', async (_, options, times, failsAt) => {
    const network = new Network({ seed: 1 });
    const { retransmit, handshakeTimeout } = options;
    const server = await serve(network, {
      psk: { alice: key },
      ...(retransmit && { retransmit }),
      ...(handshakeTimeout && { handshakeTimeout }),
    });
    const told = once(server, 'peerError') as Promise<[DtlsError]>;
    // Two hellos arrive, and nothing else.
    network.toServer.rule = (datagram, n) => (n < 2 ? [datagram] : []);
    const sent = timesOf(network, 'toClient', drop(...Array.from({ length: 20 }, (_, n) => n + 1)));
    const client = connect(network, { psk, retransmit: { initial: 60_000 }, handshakeTimeout: 2 ** 31 - 1 });
    client.opened.catch(() => {});
    const [error] = await passUntil(told);
    const [, first, ...others] = sent as [number, number, ...number[]];
    expect([first, ...others].map((ms) => ms - first)).toEqual(times);
    expect(error).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE_TIMEOUT', handshake: { durationMs: failsAt } });
    await closeAll(client, server);
  });
});

/** Lets time pass until a promise is settled. */
async function passUntil<T>(promise: Promise<T>): Promise<T> {
  let isSettled = false;
  promise.finally(() => {
    isSettled = true;
  });
  for (let i = 0; i < 10_000 && !isSettled; i++) await elapse(1000);
  return promise;
}
