import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, jest, test } from '@jest/globals';
import { DtlsAssociation, type DtlsServer } from '../../lib';
import { fakeClock } from '../support/clock';
import { Link } from '../support/link';
import { patient, psk, serve, talk } from '../support/pair';

fakeClock();

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const HOUR_MS = 3_600_000;
const HOURS = 24;
const DEVICES = 100;
/** In which V8 compiles and the allocator takes what they keep. */
const WARM_UP_HOURS = 4;
/**
 * Less than half of what one association has on V8's heap, and of what V8 is told that OpenSSL has for it. The resident
 * set would tell of Jest's other files in this process; test/native/process.test.ts looks at it in one of its own.
 */
const HEAP_LIMIT = (HOURS - WARM_UP_HOURS) * DEVICES * 1500;
const EXTERNAL_LIMIT = (HOURS - WARM_UP_HOURS) * DEVICES * 15_000;

/** Devices connect, say something, and are never heard of again. */
async function anHour(link: Link, server: DtlsServer): Promise<void> {
  const open: DtlsAssociation[] = [];
  for (let i = 0; i < DEVICES; i++) {
    const accepted = once(server, 'secureConnection') as Promise<[DtlsAssociation]>;
    const device = await new DtlsAssociation({ transport: link.client(), psk, ...patient }).startHandshake().opened;
    const [peer] = await accepted;
    await talk(device, peer);
    open.push(device, peer);
  }
  jest.advanceTimersByTime(HOUR_MS);
  await Promise.all(open.map(({ closed }) => closed));
  await link.quiet();
  link.toServer.sent.length = link.toClient.sent.length = 0;
}

async function memory(): Promise<NodeJS.MemoryUsage> {
  // Finalizers run in a later turn, and free what the next collection finds.
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await new Promise(setImmediate);
  }
  return process.memoryUsage();
}

test('thousands of associations that open and idle away over a day leave nothing behind', async () => {
  const link = new Link();
  const server = await serve(link, { idleTimeout: (HOUR_MS * 7) / 8 });
  const timers = jest.getTimerCount();
  let before: NodeJS.MemoryUsage | undefined;
  for (let hour = 1; hour <= HOURS; hour++) {
    await anHour(link, server);
    expect(server.associations.size).toBe(0);
    expect(server.stats).toMatchObject({ handshakesCompleted: hour * DEVICES, expired: hour * DEVICES });
    expect(jest.getTimerCount()).toBe(timers);
    if (hour === WARM_UP_HOURS) before = await memory();
  }
  const after = await memory();
  expect(after.heapUsed - (before?.heapUsed ?? 0)).toBeLessThan(HEAP_LIMIT);
  expect(after.external - (before?.external ?? 0)).toBeLessThan(EXTERNAL_LIMIT);
}, 60_000);
