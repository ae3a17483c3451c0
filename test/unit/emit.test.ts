import { EventEmitter } from 'node:events';
import { afterEach, expect, jest, test } from '@jest/globals';
import { emitSafely } from '../../lib/emit';

afterEach(() => {
  jest.restoreAllMocks();
});

test('what a listener throws surfaces later, and the caller goes on', () => {
  const later: Array<() => void> = [];
  jest.spyOn(process, 'nextTick').mockImplementation((callback) => later.push(callback as () => void));
  const emitter = new EventEmitter();
  const error = new Error('a bug of the user');
  emitter.on('message', () => {
    throw error;
  });
  emitSafely(emitter, 'message', 'text');
  expect(later).toHaveLength(1);
  expect(later[0]).toThrow(error);
});

test('an error event that nobody listens to surfaces in the same way', () => {
  const later: Array<() => void> = [];
  jest.spyOn(process, 'nextTick').mockImplementation((callback) => later.push(callback as () => void));
  emitSafely(new EventEmitter(), 'error', new Error('nobody hears this'));
  expect(later).toHaveLength(1);
  expect(later[0]).toThrow(/nobody hears this/);
});

test('every argument reaches every listener', () => {
  const emitter = new EventEmitter();
  const heard: unknown[][] = [];
  emitter.on('event', (...args) => heard.push(args));
  emitter.on('event', (...args) => heard.push(args));
  emitSafely(emitter, 'event', 1, 'two');
  expect(heard).toEqual([
    [1, 'two'],
    [1, 'two'],
  ]);
});
