import { afterEach, beforeEach, jest } from '@jest/globals';

/** The real one. */
const turn = globalThis.setImmediate;
/** More than any laboratory test needs: something goes on for ever. */
const MAX_TIMERS = 2_000_000;

/** From now on every clock stands still, and no timer fires but in `runOut` and `elapse`. */
export function useVirtualTime(): void {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
}

/** The same for all tests of a file. */
export function virtualTime(): void {
  beforeEach(useVirtualTime);
  afterEach(() => {
    jest.useRealTimers();
  });
}

/** Lets time pass until no timer is left, and nothing follows from the last. */
export async function runOut(): Promise<void> {
  await settled();
  for (let left = MAX_TIMERS; jest.getTimerCount() > 0; left--) {
    if (left === 0) throw new Error('timers follow one another without end');
    jest.advanceTimersToNextTimer();
    await settled();
  }
}

/** Lets so many milliseconds pass. */
export async function elapse(ms: number): Promise<void> {
  const endsAt = performance.now() + ms;
  const marker = setTimeout(() => {}, ms);
  await settled();
  while (performance.now() < endsAt) {
    jest.advanceTimersToNextTimer();
    await settled();
  }
  clearTimeout(marker);
}

/** All that promises have to say has been said. */
function settled(): Promise<void> {
  return new Promise((resolve) => turn(resolve));
}
