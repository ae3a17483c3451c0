import { expect, test } from '@jest/globals';
import { type SoakHeld, type SoakState, soak } from '../support/soak';

/** `npm run test:soak` opens 100,000. */
const LONG = process.env.DTLS_SOAK !== undefined;
const COUNT = LONG ? Number(process.env.DTLS_SOAK) : 5000;
const REPORTS = LONG ? 10 : 2;
const TIMEOUT_MS = LONG ? 1_800_000 : 120_000;
/**
 * What V8's heap, and the process besides it, may grow by in the second half. An association has some 4 KB of the heap
 * and 70 KB of other memory on each side.
 */
const HEAP_LIMIT = 2_000_000;
const OTHER_LIMIT = 24_000_000;
/** The allocator's arena of a thread, 64 MB at most, outlives it and serves the next one. */
const ARENA = 64_000_000;

/** V8 reserves some 30 MB more or less for its young generation, as the last collections have left it. */
const besidesHeap = ({ rss, heapTotal }: SoakState): number => rss - heapTotal;
const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);

function tell({ opened, heapUsed, heapTotal, rss, alive, descriptors, handles, timers }: SoakState): void {
  if (!LONG) return;
  const counts = `${alive} alive, ${descriptors} descriptors, ${handles} handles, ${timers} timers`;
  process.stderr.write(`${opened} opened: heap ${mb(heapUsed)} of ${mb(heapTotal)} MB, RSS ${mb(rss)} MB, ${counts}\n`);
}

test(
  `${COUNT} associations of all fates leave nothing behind, nor does the worker that is terminated among them`,
  async () => {
    const { code, before, states, closed, end } = await soak(COUNT, REPORTS, tell);
    expect(code).toBe(0);
    expect(states).toHaveLength(REPORTS + 1);
    const [first, warm, half, last] = [0, 1, REPORTS / 2, REPORTS].map((n) => states[n]) as [
      SoakState,
      SoakState,
      SoakState,
      SoakState,
    ];
    expect(before).toMatchObject({ timers: 0 });
    // One socket, and a timer of each of the two servers.
    const { descriptors, handles } = before as SoakHeld;
    const listening = { descriptors: descriptors + 1, handles: handles + 1, timers: 2 };
    for (const state of states) expect(state).toMatchObject({ alive: 0, ...listening });
    expect(closed).toEqual(before);
    // Each native session that lives has 36 KB here.
    expect(last.native).toBe(warm.native);
    expect(last.heapUsed - half.heapUsed).toBeLessThan(HEAP_LIMIT);
    expect(besidesHeap(last) - besidesHeap(half)).toBeLessThan(OTHER_LIMIT);
    expect(end).toMatchObject({ descriptors: 0, handles: 0 });
    expect((end?.rss ?? 0) - first.rss).toBeLessThan(ARENA);
  },
  TIMEOUT_MS,
);
