import { once } from 'node:events';
import { afterEach, expect, jest, test } from '@jest/globals';
import { createServer, DtlsAssociation, type DtlsError } from '../../lib';
import { drop, inTurn, Network, type Rule } from '../../lib/testing';
import { rejected } from '../support/errors';
import { key, psk } from '../support/pair';
import { LANES } from './trial';
import { elapse, runOut, useVirtualTime } from './virtual-time';

afterEach(() => {
  jest.useRealTimers();
});

/** OpenSSL takes what is left of a timer for nothing when it is less. */
const OPENSSL_TOLERANCE_MS = 15;

/** Sizes, and when each was sent from the start on, of what a client sends that nobody answers; why it gives up. */
async function unanswered(virtualTime: boolean): Promise<{ sizes: number[]; times: number[]; error: DtlsError }> {
  const network = new Network({ seed: 1, virtualTime });
  const times: number[] = [];
  const startedMs = performance.now();
  network.toServer.rule = () => {
    times.push(performance.now() - startedMs);
    return [];
  };
  const retransmit = { initial: 20, max: 80 };
  const failure = rejected(
    new DtlsAssociation({ transport: network.client(), psk, retransmit }).startHandshake().opened,
  );
  if (virtualTime) await runOut();
  const error = await failure;
  return { sizes: network.toServer.sent.map(({ length }) => length), times, error };
}

test('virtual time and real time have the same schedule, the same datagrams and the same end', async () => {
  const real = await unanswered(false);
  useVirtualTime();
  const virtual = await unanswered(true);
  expect(virtual.times).toEqual([0, 20, ...Array.from({ length: 11 }, (_, i) => 60 + 80 * i)]);
  expect(real.sizes).toEqual(virtual.sizes);
  expect(real.error.code).toBe(virtual.error.code);
  expect(real.error.handshake?.retransmits).toBe(virtual.error.handshake?.retransmits);
  // However slow the machine is, none is early: each wait begins when the one before has ended, or later.
  for (const [i, time] of real.times.entries()) {
    expect(time).toBeGreaterThanOrEqual((virtual.times[i] as number) - i * OPENSSL_TOLERANCE_MS);
  }
});

/** What both sides send, and when, of a handshake that loses a datagram of each. */
async function handshake(rule: Rule): Promise<string[]> {
  const network = new Network({ seed: 1 });
  const log: string[] = [];
  const startedMs = performance.now();
  for (const lane of LANES) {
    const seen: Rule = (datagram) => {
      log.push(`${performance.now() - startedMs}: ${datagram.length} bytes ${lane}`);
      return [datagram];
    };
    network[lane].rule = inTurn(seen, rule, drop(2));
  }
  const server = createServer({ psk: { alice: key }, mtu: 256, ciphers: 'ECDHE-PSK-CHACHA20-POLY1305' });
  await server.listen({ transport: network.server });
  const client = new DtlsAssociation({ transport: network.client(), psk, mtu: 256 }).startHandshake();
  const opened = client.opened;
  await runOut();
  await opened;
  const closing = [client.close(), server.close()];
  await runOut();
  await Promise.all(closing);
  return log;
}

test('in virtual time a slow machine sends what a fast one does', async () => {
  useVirtualTime();
  // Longer than what OpenSSL's own timer gets, which is none of our time.
  const slowly: Rule = (datagram) => {
    const until = jest.getRealSystemTime() + 30;
    while (jest.getRealSystemTime() < until);
    return [datagram];
  };
  expect(await handshake(slowly)).toEqual(await handshake((datagram) => [datagram]));
});

test('a client comes back from an outage of an hour, within its longest delay and a round trip', async () => {
  useVirtualTime();
  const network = new Network({ seed: 1 });
  const server = createServer({ psk: { alice: key }, idleTimeout: 300_000 });
  server.on('secureConnection', (peer) => peer.on('message', (message) => peer.send(message)));
  await server.listen({ transport: network.server });
  const { address: host, port } = network.server.address();
  const client = new DtlsAssociation({
    host,
    port,
    endpoint: network.endpoint(),
    psk,
    keepAlive: { interval: 20_000, message: 'are you there?' },
    reconnect: { maxDelay: 60_000 },
  }).startHandshake();
  await elapse(60_000);
  expect(client.state).toBe('open');

  network.partition();
  const disconnected = once(client, 'disconnect');
  // Three questions, and the time for the last answer.
  await elapse(80_000);
  expect((await disconnected)[0]).toMatchObject({ error: { code: 'ERR_DTLS_PEER_DEAD' } });
  await elapse(3_600_000);
  expect(client.state).not.toBe('open');
  expect(server.associations.size).toBe(0);

  network.heal();
  // A delay is a quarter longer at most; the attempt that runs may have its next flight a minute later.
  await elapse(60_000 * 1.25 + 60_000);
  expect(client.state).toBe('open');
  expect(server.associations.size).toBe(1);
  const closing = [client.close(), server.close()];
  await runOut();
  await Promise.all(closing);
  expect(jest.getTimerCount()).toBe(0);
});
