import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type ConnectOptions, createServer, DtlsAssociation, DtlsError, type DtlsServer } from '../../lib';
import { deliverAll, drop, Network } from '../../lib/testing';
import { key, psk } from '../support/pair';

const toClose: Array<DtlsAssociation | DtlsServer> = [];

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(async () => {
  await Promise.all(toClose.splice(0).map((one) => one.close()));
  jest.useRealTimers();
});

async function start(network: Network, options: Partial<ConnectOptions> = {}) {
  const server = createServer({ psk: { alice: key } });
  await server.listen({ transport: network.server });
  const client = new DtlsAssociation({ transport: network.client(), psk, ...options });
  toClose.push(server, client);
  return { server, client: client.startHandshake() };
}

/** When each datagram is sent, in milliseconds from now on. */
function timesOf(lane: Network['toServer']): number[] {
  const times: number[] = [];
  const began = performance.now();
  const { rule } = lane;
  lane.rule = (...datagram) => {
    times.push(performance.now() - began);
    return rule(...datagram);
  };
  return times;
}

describe('in virtual time', () => {
  test('a client that hears nothing sends its hello again after 1, 2, 4 seconds and so on', async () => {
    const network = new Network({ seed: 1 });
    network.toServer.rule = () => [];
    const times = timesOf(network.toServer);
    const { client } = await start(network);
    const failed = client.opened.catch((error) => error);
    await jest.advanceTimersByTimeAsync(60_001);
    expect(times).toEqual([0, 1000, 3000, 7000, 15_000, 31_000]);
    expect(DtlsError.is(await failed)).toBe(true);
  });

  test('a server whose last flight is lost follows the schedule, too', async () => {
    const network = new Network({ seed: 1 });
    // From its second flight on, nothing of it arrives; what it sends is repeated for a client that is silent.
    network.toClient.rule = drop(1, 2, 3);
    network.toServer.rule = (datagram, n) => (n < 2 ? [datagram] : []);
    const times = timesOf(network.toClient);
    const { client } = await start(network);
    await jest.advanceTimersByTimeAsync(7500);
    const [first = 0, ...repeated] = times.slice(1);
    expect(repeated.map((time) => time - first)).toEqual([1000, 3000, 7000]);
    network.toServer.rule = network.toClient.rule = deliverAll;
    await jest.advanceTimersByTimeAsync(30_000);
    expect(client.state).toBe('open');
  });

  test('no time of the real clock passes for it', async () => {
    const network = new Network({ seed: 1 });
    const { client } = await start(network);
    await jest.advanceTimersByTimeAsync(0);
    const sent = network.toServer.sent.length;
    // Long enough for OpenSSL's own timer to run out, which then would send again when it reads.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
    await jest.advanceTimersByTimeAsync(900);
    expect(client.state).toBe('open');
    expect(network.toServer.sent.length - sent).toBeLessThan(4);
    expect(client.handshake?.retransmits).toBe(0);
  });

  test('half a minute of delay is half a minute of handshake', async () => {
    const network = new Network({ seed: 1 });
    network.toServer.impair({ delayMs: 2500 });
    network.toClient.impair({ delayMs: 2500 });
    const { client } = await start(network, { retransmit: { initial: 20_000 } });
    await jest.advanceTimersByTimeAsync(14_999);
    expect(client.state).toBe('handshaking');
    await jest.advanceTimersByTimeAsync(10);
    expect(client.state).toBe('open');
    expect(client.handshake?.retransmits).toBe(0);
  });

  test('a client that comes back takes the same times with the same seed', async () => {
    // Jest would call it only when all timers have run; each attempt waits for one.
    jest.useFakeTimers({ doNotFake: ['nextTick'] });
    const delays = async (seed: number): Promise<number[]> => {
      const network = new Network({ seed });
      const { address: host, port } = network.server.address();
      const where = { transport: undefined, host, port, endpoint: network.endpoint() };
      const { server, client } = await start(network, { ...where, handshakeTimeout: 1000, reconnect: true });
      await jest.advanceTimersByTimeAsync(100);
      expect(client.state).toBe('open');
      const delaysMs: number[] = [];
      client.on('reconnecting', ({ delayMs }) => delaysMs.push(delayMs));
      for (const peer of server.associations) void peer.close();
      await jest.advanceTimersByTimeAsync(100);
      network.partition();
      await jest.advanceTimersByTimeAsync(60_000);
      client.destroy();
      return delaysMs;
    };
    const first = await delays(1);
    expect(first.length).toBeGreaterThan(3);
    expect(await delays(1)).toEqual(first);
    expect(await delays(2)).not.toEqual(first);
  });
});

test('without virtual time, faked timers do not move the clock of OpenSSL', async () => {
  const network = new Network({ seed: 1, virtualTime: false });
  network.toServer.rule = drop(0);
  const { client } = await start(network);
  // The association asks again and again: it is not due.
  await jest.advanceTimersByTimeAsync(1500);
  expect(network.toServer.sent).toHaveLength(1);
  expect(client.state).toBe('handshaking');
});
