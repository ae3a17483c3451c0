import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { DtlsAssociation } from '../../lib';
import { reported, runScript } from '../support/child';
import { nextTick } from '../support/endpoint';
import { ask, echoServer, open, sharedEndpoint } from '../support/loopback';

const native = process.platform === 'linux';
if (!native) console.log('The tests of native sockets are skipped: there are none here.');
const MARK = 10_000;
const SIZE = 1000;

/** Sends until it is told to wait. Resolves with how many messages that were when it is told to go on. */
async function sendToTheMark(association: DtlsAssociation): Promise<number> {
  let isDrained = false;
  const drained = once(association, 'drain').then(() => {
    isDrained = true;
  });
  let sent = 1;
  while (association.send(Buffer.alloc(SIZE, sent))) sent++;
  await nextTick();
  expect(isDrained).toBe(false);
  await drained;
  return sent;
}

function received(association: DtlsAssociation, count: number): Promise<number[]> {
  const numbers: number[] = [];
  return new Promise((resolve) => {
    association.on('message', (data) => {
      if (numbers.push(data[0] as number) === count) resolve(numbers);
    });
  });
}

(native ? describe : describe.skip)('a sender that sends as long as it may, over native sockets,', () => {
  // The receiver reads between the rounds: what a round sends fits its buffer.
  test.each(['client', 'server'])(
    'gets false at its mark in the same turn, and drain in a later one: a %s',
    async (side) => {
      const { server, port } = await echoServer({ sendHighWaterMark: MARK });
      const client = await open(port, { sendHighWaterMark: MARK });
      await ask(client, 'are you there?');
      const [peer] = [...server.associations] as [DtlsAssociation];
      peer.removeAllListeners('message');
      const [from, to] = side === 'client' ? [client, peer] : [peer, client];
      for (let round = 0; round < 5; round++) {
        const expected = Math.ceil(MARK / (SIZE + 37));
        const arrived = received(to, expected);
        expect(await sendToTheMark(from)).toBe(expected);
        expect(await arrived).toEqual(Array.from({ length: expected }, (_, i) => i + 1));
        to.removeAllListeners('message');
      }
    },
  );

  test('shares its mark with those of its endpoint, each of whom hears when to go on', async () => {
    const endpoint = await sharedEndpoint({ sendHighWaterMark: MARK });
    const servers = [await echoServer(), await echoServer()] as const;
    const one = await open(servers[0].port, { endpoint });
    const other = await open(servers[1].port, { endpoint });
    const drains = Promise.all([once(one, 'drain'), once(other, 'drain')]);
    while (one.send(Buffer.alloc(SIZE)));
    expect(other.send('one more')).toBe(false);
    await drains;
    expect(one.send('hello')).toBe(true);
  });
});

// The kernel takes what goes over loopback at once. With this option Node waits a turn of the event loop before it
// hands a datagram of node:dgram over, as it does when the send buffer of a real interface is full.
const slowKernel = ['--test-udp-no-try-send'];

describe('a sender whose datagrams wait in node:dgram', () => {
  test('gets false above its mark and drain when they have left', async () => {
    const outcome = await runScript(
      `
      const server = await echo();
      const endpoint = await createEndpoint({ localAddress: '127.0.0.1', udp: 'dgram', sendHighWaterMark: 3000 });
      for (const options of [{ udp: 'dgram', sendHighWaterMark: 3000 }, { endpoint }]) {
        const association = await open(server, options);
        const peer = [...server.associations].at(-1);
        for (let round = 0; round < 3; round++) {
          let taken = 0;
          while (association.send(Buffer.alloc(1000))) taken++;
          report(taken);
          await once(association, 'drain');
        }
        await association.close();
        await peer.closed;
        report(peer.stats.messagesReceived);
      }
      await endpoint.close();
      await server.close();`,
      slowKernel,
    );
    expect(reported(outcome)).toEqual([2, 2, 2, 9, 2, 2, 2, 9]);
  });

  test('has them all sent before it is closed', async () => {
    const outcome = await runScript(
      `
      const server = createServer({ psk: { alice: key } });
      await server.listen({ port: 0, address: '127.0.0.1', udp: 'dgram' });
      const endpoint = await createEndpoint({ localAddress: '127.0.0.1', udp: 'dgram' });
      for (const options of [{ udp: 'dgram' }, { endpoint }]) {
        const association = await open(server, options);
        const peer = [...server.associations].at(-1);
        for (let i = 0; i < 50; i++) association.send('message ' + i);
        await association.close();
        report((await peer.closed).reason);
        report(peer.stats.messagesReceived);
      }
      await endpoint.close();
      await server.close();`,
      slowKernel,
    );
    expect(reported(outcome)).toEqual(['peer', 50, 'peer', 50]);
  });
});
