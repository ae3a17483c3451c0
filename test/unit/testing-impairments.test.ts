import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type Impairments, Network } from '../../lib/testing';
import { Impairer } from '../../lib/testing/impairments';
import { numbers } from '../../lib/testing/random';
import { thrown } from '../support/errors';

const COUNT = 2000;

function impaired(impairments: Impairments, seed = 1, size = 100) {
  const impairer = new Impairer(impairments, numbers(seed));
  return Array.from({ length: COUNT }, () => impairer.apply(Buffer.alloc(size)));
}

/** Of datagrams that meet it, four standard deviations around the chance. */
function expectShare(share: number, chance: number): void {
  const margin = 4 * Math.sqrt((chance * (1 - chance)) / COUNT);
  expect(Math.abs(share - chance)).toBeLessThanOrEqual(margin);
}

describe('impairments', () => {
  test('are none by default', () => {
    expect(impaired({}).every((arriving) => arriving.length === 1 && arriving[0]?.delayMs === 0)).toBe(true);
  });

  test('befall as many datagrams as their chances say', () => {
    const arriving = impaired({ loss: 0.2, duplicate: 0.1, corrupt: 0.3, reorder: 0.05 });
    const passed = arriving.filter((copies) => copies.length > 0);
    expectShare(1 - passed.length / COUNT, 0.2);
    expectShare(passed.filter((copies) => copies.length === 2).length / passed.length, 0.1);
    expectShare(passed.filter(([copy]) => copy?.datagram.some((byte) => byte !== 0)).length / passed.length, 0.3);
    expectShare(passed.filter(([copy]) => copy?.delayMs === 50).length / passed.length, 0.05);
  });

  test('invert one bit', () => {
    const bits = impaired({ corrupt: 1 }).map(([copy]) => copy?.datagram.reduce((sum, byte) => sum + bitsOf(byte), 0));
    expect(new Set(bits)).toEqual(new Set([1]));
  });

  test('delay within their bounds', () => {
    const delays = impaired({ delayMs: [20, 40] }).map(([copy]) => copy?.delayMs as number);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(20);
    expect(Math.max(...delays)).toBeLessThan(40);
    expect(new Set(delays).size).toBeGreaterThan(COUNT / 2);
  });

  test('are the same for the same seed, and each is what it was when another one changes', () => {
    const lost = (impairments: Impairments, seed: number) =>
      impaired(impairments, seed).flatMap((copies, n) => (copies.length === 0 ? [n] : []));
    expect(lost({ loss: 0.2 }, 1)).toEqual(lost({ loss: 0.2, duplicate: 0.5, delayMs: [1, 2] }, 1));
    expect(lost({ loss: 0.2 }, 1)).not.toEqual(lost({ loss: 0.2 }, 2));
  });

  test('lose what is larger than the MTU', () => {
    expect(impaired({ mtu: 100 }, 1, 100)[0]).toHaveLength(1);
    expect(impaired({ mtu: 100 }, 1, 101)[0]).toHaveLength(0);
  });

  const odd: Array<[string, unknown]> = [
    ['loss', 1.1],
    ['loss', Number.NaN],
    ['duplicate', '0.1'],
    ['delayMs', -1],
    ['delayMs', [2, 1]],
    ['delayMs', [1, 2, 3]],
    ['bytesPerSecond', 0],
    ['mtu', 0.5],
    ['lose', 0.1],
  ];
  test.each(odd)('refuse %s: %p', (name, value) => {
    const error = thrown(() => new Network().toServer.impair({ [name]: value }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: name });
  });
});

describe('a lane of a thousand bytes a second', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('carries one datagram after the other, and loses what its queue does not hold', () => {
    const impairer = new Impairer({ bytesPerSecond: 1000, queueBytes: 250 }, numbers(1));
    const delays = (): Array<number | undefined> =>
      Array.from({ length: 5 }, () => impairer.apply(Buffer.alloc(100))[0]?.delayMs);
    expect(delays()).toEqual([100, 200, 300, undefined, undefined]);
    jest.advanceTimersByTime(100);
    expect(delays()).toEqual([300, undefined, undefined, undefined, undefined]);
  });
});

function bitsOf(byte: number): number {
  return byte.toString(2).replaceAll('0', '').length;
}
