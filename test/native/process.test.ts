import { describe, expect, test } from '@jest/globals';
import { type Outcome, runChild } from './child';

const success = (output: RegExp): Outcome => ({
  code: 0,
  signal: null,
  output: expect.stringMatching(output) as never,
});

test('wrong arguments of any kind end no process', async () => {
  expect(await runChild('wrong-arguments.cjs')).toEqual(success(/^\d+ calls survived\n$/));
});

test('sessions, listeners and contexts are collected, whatever became of them', async () => {
  expect(await runChild('collect.cjs', ['--expose-gc'])).toEqual(success(/^all collected\n$/));
});

// A pair that leaked would hold 140 KB, or 280 MB for 2,000 handshakes. A tenth of one pair's memory each is far over
// what the allocator's fragments come to, and far under any session that is kept.
describe('2,000 handshakes leave nothing behind', () => {
  const LIMIT = 2000 * 14_000;

  test.each(['destroyed', 'dropped'])('when the sessions are %s', async (fate) => {
    const outcome = await runChild('memory.cjs', ['--expose-gc'], [fate]);
    expect(outcome).toEqual(success(/^-?\d+\n$/));
    expect(Number(outcome.output)).toBeLessThan(LIMIT);
  });
});

describe('worker threads', () => {
  test('load the addon at once and complete handshakes', async () => {
    expect(await runChild('workers.cjs')).toEqual(success(/^all handshakes complete\n$/));
  });

  test.each(['handshakes', 'credentials', 'live sessions'])('may be terminated in: %s', async (state) => {
    expect(await runChild('terminate.cjs', [], [state])).toEqual(success(/^all workers terminated\n$/));
  });
});
