import { describe, expect, test } from '@jest/globals';
import { type Outcome, runChild } from './child';

const success = (output: string | RegExp): Outcome => ({
  code: 0,
  signal: null,
  output: (typeof output === 'string' ? output : expect.stringMatching(output)) as string,
});

test('wrong arguments of any kind end no process', async () => {
  expect(await runChild('udp-wrong-arguments.cjs')).toEqual(success(/^\d+ calls survived\n$/));
});

test('sockets are collected and their descriptors closed, with or without close; one that has started is kept', async () => {
  expect(await runChild('udp-collect.cjs', ['--expose-gc'])).toEqual(success('all collected\n'));
});

test('a socket keeps the process alive as long as it is open and referenced, before start and after', async () => {
  expect(await runChild('udp-referenced.cjs')).toEqual(success('hello\n'));
});

test('what a callback throws is an uncaught exception, and the socket goes on', async () => {
  const lines = ['uncaught: first', 'tick after first', 'promise after first', 'tick after second'];
  expect(await runChild('udp-throwing.cjs')).toEqual(success(`${[...lines, 'promise after second'].join('\n')}\n`));
});

describe('a worker may be terminated with a socket', () => {
  test.each([
    'busy',
    'idle',
    'in the callback',
    'closed in the callback',
    'writable again and again',
    'never started',
    'just closed',
    'not referenced',
  ])('%s', async (state) => {
    expect(await runChild('udp-terminate.cjs', [], [state])).toEqual(success('all workers terminated\n'));
  });
});
