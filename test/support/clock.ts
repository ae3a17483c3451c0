import { afterEach, beforeEach, jest } from '@jest/globals';

/**
 * Fakes every timer and clock of the library for the tests of a file or a describe block. OpenSSL's own clock goes
 * on, so its timeouts do not fire: what does is the library's.
 */
export function fakeClock(now?: number): void {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    if (now !== undefined) jest.setSystemTime(now);
  });
  afterEach(() => {
    jest.useRealTimers();
  });
}
