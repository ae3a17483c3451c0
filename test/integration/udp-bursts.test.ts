import { once } from 'node:events';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import type { DtlsAssociation } from '../../lib';
import { ask, echoServer, open, sharedEndpoint } from '../support/loopback';
import { limitUdpSockets, type UdpFeatures } from '../support/udp-features';

const native = process.platform === 'linux';
if (!native) console.log('The tests of native sockets are skipped: there are none here.');

/** A burst must fit the receive buffer of a socket, 208 KiB by default, with what the kernel adds to each datagram. */
const MAX_MESSAGES = 60;
const MAX_BURST_BYTES = 48 * 1024;

afterEach(() => {
  jest.restoreAllMocks();
});

/** One direction of an association. */
interface Lane {
  from: DtlsAssociation;
  /** What arrived, in order. */
  arrived: Buffer[];
  sent: Buffer[];
}

/** Three associations: two from one socket to two servers, one from a socket of its own; in both directions. */
async function openLanes(mtu: number): Promise<Lane[]> {
  const servers = [await echoServer({ mtu }), await echoServer({ mtu })] as const;
  const endpoint = await sharedEndpoint();
  const lanes: Lane[] = [];
  for (const [{ server, port }, options] of [
    [servers[0], { endpoint }],
    [servers[1], { endpoint }],
    [servers[0], {}],
  ] as const) {
    const accepted = once(server, 'secureConnection') as Promise<[DtlsAssociation]>;
    const client = await open(port, { mtu, ...options });
    const [peer] = await accepted;
    peer.removeAllListeners('message');
    for (const [from, to] of [
      [client, peer],
      [peer, client],
    ] as const) {
      const lane: Lane = { from, arrived: [], sent: [] };
      to.on('message', (data) => lane.arrived.push(data));
      lanes.push(lane);
    }
  }
  return lanes;
}

function send(lane: Lane, size: number, content: number): void {
  const message = Buffer.alloc(Math.min(size, lane.from.maxPayload), content);
  lane.sent.push(message);
  lane.from.send(message);
}

/** Resolves when as many messages have arrived as were sent. */
async function arrival(lanes: readonly Lane[]): Promise<void> {
  while (lanes.some(({ arrived, sent }) => arrived.length < sent.length)) await new Promise(setImmediate);
}

/** Where the first message that is not what was sent is; -1: nowhere. */
function wrongAt({ arrived, sent }: Lane): number {
  return arrived.findIndex((message, i) => sent[i]?.equals(message) !== true);
}

/** Mostly runs of one size, as real traffic has them; each size may be the largest. */
const run = fc.record({
  lane: fc.nat(5),
  count: fc.integer({ min: 1, max: 20 }),
  size: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 16_384 }), fc.constant(16_384)),
});

function sendBurst(lanes: readonly Lane[], runs: ReadonlyArray<{ lane: number; count: number; size: number }>): void {
  let bytes = 0;
  let messages = 0;
  for (const { lane: n, count, size } of runs) {
    const lane = lanes[n] as Lane;
    for (let i = 0; i < count; i++) {
      bytes += Math.min(size, lane.from.maxPayload);
      if (++messages > MAX_MESSAGES || bytes > MAX_BURST_BYTES) return;
      send(lane, size, (lane.sent.length % 250) + 1);
    }
  }
}

const variants: Array<[string, UdpFeatures]> = [
  ['with all that the kernel has', {}],
  ['without gso', { gso: false }],
  ['without gro', { gro: false }],
  ['without mmsg', { mmsg: false }],
  ['without any', { gso: false, gro: false, mmsg: false }],
];

(native ? describe : describe.skip).each(variants)('bursts of messages over native sockets %s', (_, features) => {
  test.each([256, 1200, 16_384])('arrive intact and in order, in both directions, mtu %i', async (mtu) => {
    const sockets = limitUdpSockets(features);
    const lanes = await openLanes(mtu);
    await fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 12 }), async (runs) => {
        for (const lane of lanes) lane.arrived.length = lane.sent.length = 0;
        sendBurst(lanes, runs);
        await arrival(lanes);
        expect(lanes.map(wrongAt)).toEqual(lanes.map(() => -1));
      }),
      { numRuns: 100 },
    );
    for (const socket of sockets) expect(socket.features()).toMatchObject(features);
  });
});

(native ? test : test.skip)('much at a time makes use of what the kernel has', async () => {
  const sockets = limitUdpSockets({});
  const lanes = await openLanes(1200);
  for (let round = 0; round < 3; round++) {
    for (const lane of lanes) {
      for (let i = 0; i < MAX_MESSAGES; i++) send(lane, 100, round);
      await arrival(lanes);
    }
  }
  const used = sockets.map((socket) => socket.features());
  expect(used).toEqual(used.map(() => ({ gso: expect.any(Boolean), gro: expect.any(Boolean), mmsg: true })));
  if (!used.every(({ gso, gro }) => gso && gro)) console.log(`This kernel lacks gso or gro: ${JSON.stringify(used)}`);
});

test('the largest message of each mtu comes back whole', async () => {
  for (const mtu of [256, 1200, 16_384]) {
    const { port } = await echoServer({ mtu });
    const association = await open(port, { mtu });
    for (const size of [1, association.maxPayload - 1, association.maxPayload]) {
      const text = 'x'.repeat(size);
      expect(await ask(association, text)).toBe(text);
    }
  }
});
