import { describe, expect, test } from '@jest/globals';
import { type ConnectOptions, connect } from '../../lib';
import { parseConnectOptions } from '../../lib/options/client';
import { rejected, thrown } from '../support/errors';
import { Link } from '../support/link';
import { psk } from '../support/pair';

const base = { port: 5684, psk };

function parse(options: object) {
  return parseConnectOptions({ ...base, ...options } as ConnectOptions);
}

function refusal(options: object) {
  return thrown(() => parse(options));
}

test('neither is there unless it was asked for', () => {
  const off = { keepAlive: undefined, reconnect: undefined };
  for (const options of [{}, off, { reconnect: false }]) expect(parse(options)).toMatchObject(off);
});

describe('keepAlive', () => {
  const probe = () => true;

  test.each<[unknown, object]>([
    [25_000, { tickMs: 25_000, silentTicks: 0 }],
    [1, { tickMs: 1, silentTicks: 0 }],
    [{ interval: 25_000 }, { tickMs: 25_000, silentTicks: 0, message: undefined, probe: undefined }],
    [{ natTimeout: 30_000 }, { tickMs: 3000, silentTicks: 8 }],
    [{ natTimeout: 10 }, { tickMs: 1, silentTicks: 8 }],
    [{ natTimeout: 2 ** 31 - 1 }, { tickMs: 214_748_364, silentTicks: 8 }],
    [
      { interval: 1, probe },
      { probe, maxUnanswered: 3 },
    ],
    [{ natTimeout: 30_000, message: 'ping', maxUnanswered: 1 }, { maxUnanswered: 1 }],
    [{ interval: 1, probe, maxUnanswered: 1000 }, { maxUnanswered: 1000 }],
    [{ interval: 1, natTimeout: undefined, message: undefined, probe: undefined }, { tickMs: 1 }],
  ])('%j is taken', (keepAlive, config) => {
    expect(parse({ keepAlive }).keepAlive).toMatchObject(config);
  });

  test.each<[unknown, string]>([
    [0, 'keepAlive.interval'],
    [-1, 'keepAlive.interval'],
    [1.5, 'keepAlive.interval'],
    [Number.NaN, 'keepAlive.interval'],
    [2 ** 31, 'keepAlive.interval'],
    [true, 'keepAlive'],
    ['25 s', 'keepAlive'],
    [null, 'keepAlive'],
    [{}, 'keepAlive'],
    [{ message: 'ping' }, 'keepAlive'],
    [{ interval: '25' }, 'keepAlive.interval'],
    [{ interval: null }, 'keepAlive.interval'],
    [{ natTimeout: 9 }, 'keepAlive.natTimeout'],
    [{ natTimeout: 2 ** 31 }, 'keepAlive.natTimeout'],
    [{ interval: 1, natTimeout: 30_000 }, 'keepAlive.natTimeout'],
    [{ interval: 1, message: 5 }, 'keepAlive.message'],
    [{ interval: 1, message: null }, 'keepAlive.message'],
    [{ interval: 1, message: '' }, 'keepAlive.message'],
    [{ interval: 1, message: new Uint8Array() }, 'keepAlive.message'],
    [{ interval: 1, message: 'x'.repeat(1200) }, 'keepAlive.message'],
    [{ interval: 1, probe: 'ping' }, 'keepAlive.probe'],
    [{ interval: 1, message: 'ping', probe }, 'keepAlive.probe'],
    [{ interval: 1, maxUnanswered: 3 }, 'keepAlive.maxUnanswered'],
    [{ interval: 1, probe, maxUnanswered: 0 }, 'keepAlive.maxUnanswered'],
    [{ interval: 1, probe, maxUnanswered: 1001 }, 'keepAlive.maxUnanswered'],
    [{ interval: 1, probe, maxUnanswered: Number.POSITIVE_INFINITY }, 'keepAlive.maxUnanswered'],
  ])('%j is refused, and %s is to blame', (keepAlive, option) => {
    expect(refusal({ keepAlive })).toMatchObject({ code: 'ERR_DTLS_OPTION', option });
  });

  test.each<[object, RegExp]>([
    [{}, /Give interval, or natTimeout, in milliseconds/],
    [{ interval: 1, natTimeout: 30_000 }, /leave out interval or natTimeout/],
    [{ interval: 1, message: 'ping', probe }, /leave out message or probe/],
    [{ interval: 1, maxUnanswered: 3 }, /without a message or a probe/],
    [{ interval: 1, message: 'x'.repeat(1200) }, /less than the mtu of 1200; this one has 1200/],
    [{ intervall: 1 }, /did you mean interval\? Known are interval, natTimeout, message, probe, maxUnanswered\./],
  ])('the refusal of %j tells what would do', (keepAlive, remedy) => {
    expect(refusal({ keepAlive }).message).toMatch(remedy);
  });

  test('a message is bounded by the mtu that was given', () => {
    const keepAlive = { interval: 1, message: 'x'.repeat(300) };
    expect(parse({ keepAlive, mtu: 512 }).keepAlive).toBeDefined();
    expect(refusal({ keepAlive, mtu: 256 }).option).toBe('keepAlive.message');
  });

  test('a message of the wrong length is not shown: it may be a secret of the application', () => {
    expect(refusal({ keepAlive: { interval: 1, message: 'x'.repeat(1200) } }).value).toBeUndefined();
  });
});

describe('reconnect', () => {
  const defaults = {
    initialDelayMs: 1000,
    maxDelayMs: 60_000,
    maxAttempts: Number.POSITIVE_INFINITY,
    queue: 0,
  };

  test.each<[unknown, object]>([
    [true, defaults],
    [{}, defaults],
    [{ initialDelay: undefined, maxAttempts: undefined }, defaults],
    [{ initialDelay: 50 }, { ...defaults, initialDelayMs: 50 }],
    [{ initialDelay: 120_000 }, { ...defaults, initialDelayMs: 120_000, maxDelayMs: 120_000 }],
    [
      { initialDelay: 5, maxDelay: 5 },
      { ...defaults, initialDelayMs: 5, maxDelayMs: 5 },
    ],
    [{ maxDelay: 86_400_000 }, { ...defaults, maxDelayMs: 86_400_000 }],
    [{ maxAttempts: 1 }, { ...defaults, maxAttempts: 1 }],
    [{ maxAttempts: Number.POSITIVE_INFINITY }, defaults],
    [{ queue: 65_536 }, { ...defaults, queue: 65_536 }],
  ])('%j is taken', (reconnect, config) => {
    expect(parse({ reconnect }).reconnect).toEqual(config);
  });

  test.each<[unknown, string]>([
    [1, 'reconnect'],
    ['yes', 'reconnect'],
    [null, 'reconnect'],
    [{ initialDelay: 0 }, 'reconnect.initialDelay'],
    [{ initialDelay: 86_400_001 }, 'reconnect.initialDelay'],
    [{ initialDelay: Number.POSITIVE_INFINITY }, 'reconnect.initialDelay'],
    [{ maxDelay: 999 }, 'reconnect.maxDelay'],
    [{ initialDelay: 5, maxDelay: 4 }, 'reconnect.maxDelay'],
    [{ maxAttempts: 0 }, 'reconnect.maxAttempts'],
    [{ maxAttempts: 1.5 }, 'reconnect.maxAttempts'],
    [{ maxAttempts: '3' }, 'reconnect.maxAttempts'],
    [{ queue: -1 }, 'reconnect.queue'],
    [{ queue: 65_537 }, 'reconnect.queue'],
    [{ queue: true }, 'reconnect.queue'],
    [{ delay: 5 }, 'delay'],
  ])('%j is refused, and %s is to blame', (reconnect, option) => {
    expect(refusal({ reconnect })).toMatchObject({ code: 'ERR_DTLS_OPTION', option });
  });

  test.each([true, {}])('%j beside a transport of the user is refused, for it cannot be opened twice', (reconnect) => {
    const error = refusal({ reconnect, transport: new Link().client() });
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'reconnect' });
    expect(error.message).toMatch(/cannot be opened twice; make a new association/);
  });

  test('false beside a transport is taken', () => {
    expect(() => parse({ reconnect: false, transport: new Link().client() })).not.toThrow();
  });
});

test('connect rejects for what cannot be used', async () => {
  expect((await rejected(connect({ ...base, keepAlive: 0 }))).code).toBe('ERR_DTLS_OPTION');
});
