import { describe, expect, test } from '@jest/globals';
import { LatePromise } from '../../lib/association/late-promise';

describe('a late promise', () => {
  test('is one promise, however often and whenever it is asked for', async () => {
    const late = new LatePromise<string>();
    const { promise } = late;
    late.resolve('value');
    expect(late.promise).toBe(promise);
    await expect(promise).resolves.toBe('value');
  });

  test('knows what happened before anybody asked', async () => {
    const [kept, broken] = [new LatePromise<string>(), new LatePromise<string>()];
    kept.resolve('value');
    broken.reject(new Error('why'));
    await expect(kept.promise).resolves.toBe('value');
    await expect(broken.promise).rejects.toThrow('why');
    expect(broken.promise).toBe(broken.promise);
  });

  test.each([
    ['asked for before', true],
    ['asked for after', false],
  ])('settles once, %s', async (_, isAsked) => {
    const late = new LatePromise<string>();
    if (isAsked) expect(late.promise).toBeInstanceOf(Promise);
    late.resolve('first');
    late.resolve('second');
    late.reject(new Error('third'));
    await expect(late.promise).resolves.toBe('first');
  });

  test.each([
    ['before', true],
    ['after', false],
  ])('may be rejected with nobody to handle it, asked for %s', async (_, isAsked) => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', listener);
    const late = new LatePromise<string>();
    if (isAsked) expect(late.promise).toBeInstanceOf(Promise);
    late.reject(new Error('why'));
    expect(late.promise).toBeInstanceOf(Promise);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
  });
});
