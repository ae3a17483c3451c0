import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { LatencyHistogram } from '../../lib/cli/bench/latency';
import { createPacer, type Pacer, type Sender } from '../../lib/cli/bench/pacers';
import { makePlan } from '../../lib/cli/bench/plan';
import { Rotation } from '../../lib/cli/bench/rotation';
import { Schedule } from '../../lib/cli/bench/schedule';
import { benchFlags } from './bench-support';

describe('a schedule', () => {
  test('spaces its messages evenly, the first at once', () => {
    const schedule = new Schedule(200, 100);
    schedule.start(1000);
    expect([0, 1, 2, 99].map((message) => schedule.timeOf(message))).toEqual([1000, 1005, 1010, 1495]);
  });

  test('counts a message from its very time on', () => {
    const schedule = new Schedule(200, 100);
    schedule.start(1000);
    expect([1000, 1004.9, 1005, 1009.9, 1010].map((now) => schedule.dueBy(now))).toEqual([1, 1, 2, 2, 3]);
  });

  test('ends with its last message', () => {
    const schedule = new Schedule(200, 100);
    schedule.start(0);
    expect(schedule.dueBy(1e9)).toBe(100);
  });

  test('takes less than one message a second', () => {
    const schedule = new Schedule(0.1, 3);
    schedule.start(0);
    expect([9999, 10_000, 20_000].map((now) => schedule.dueBy(now))).toEqual([1, 2, 3]);
  });
});

describe('taking turns', () => {
  function turns(rotation: Rotation, count: number): number[] {
    return Array.from({ length: count }, () => rotation.next());
  }

  test('everybody is next once a round', () => {
    expect(turns(new Rotation(3), 7)).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });

  test('whoever is removed is left out until added again', () => {
    const rotation = new Rotation(3);
    rotation.remove(1);
    rotation.remove(1);
    expect(turns(rotation, 4).sort()).toEqual([0, 0, 2, 2]);
    rotation.add(1);
    rotation.add(1);
    expect(turns(rotation, 3).sort()).toEqual([0, 1, 2]);
  });

  test('nobody is left when all are removed', () => {
    const rotation = new Rotation(2);
    rotation.remove(0);
    expect(rotation.isEmpty).toBe(false);
    rotation.remove(1);
    expect(rotation.isEmpty).toBe(true);
  });
});

/** Takes down what is sent; `room` is how many messages it takes yet. */
class Notebook implements Sender {
  readonly lag = new LatencyHistogram();
  readonly sent: Array<{ association?: number; at: number; now: number }> = [];
  room = Number.POSITIVE_INFINITY;

  send(association: number, at: number, now: number): void {
    this.sent.push({ association, at, now });
  }

  sendNext(at: number, now: number): boolean {
    if (this.room-- <= 0) return false;
    this.sent.push({ at, now });
    return true;
  }
}

describe('with a fake clock', () => {
  let pacer: Pacer | undefined;

  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    pacer?.stop();
    jest.useRealTimers();
  });

  function start(sender: Sender, flags: Parameters<typeof benchFlags>[0], associations = 1): Pacer {
    const plan = makePlan('127.0.0.1', 5684, benchFlags({ ...flags, associations }));
    pacer = createPacer(plan, associations, sender);
    pacer.start();
    return pacer;
  }

  test('a rate sends each message when it is due, and as many as the duration has room for', () => {
    const notebook = new Notebook();
    start(notebook, { rate: 20, duration: 0.5 });
    jest.advanceTimersByTime(10_000);
    expect(notebook.sent).toHaveLength(10);
    expect(notebook.sent.map(({ at }) => at)).toEqual(notebook.sent.map(({ now }) => now));
    expect(notebook.sent.map(({ at }) => at - notebook.sent[0].at)).toEqual(
      Array.from({ length: 10 }, (_, i) => i * 50),
    );
  });

  test('what could not leave when it was due leaves later, and keeps its time', () => {
    const notebook = new Notebook();
    const beganAt = performance.now();
    notebook.room = 1;
    const rate = start(notebook, { rate: 100, duration: 1 });
    jest.advanceTimersByTime(95);
    expect(notebook.sent).toHaveLength(1);
    expect(rate.dueBy(performance.now())).toBe(10);
    notebook.room = Number.POSITIVE_INFINITY;
    jest.advanceTimersByTime(1);
    expect(notebook.sent.map(({ at }) => at - beganAt)).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
    expect(notebook.sent.at(-1)?.now).toBe(beganAt + 96);
    expect(notebook.lag.summary()?.max).toBeCloseTo(86, 0);
  });

  test('a window fills each association, then sends on one for each message that is freed', () => {
    const notebook = new Notebook();
    const windows = start(notebook, { window: 2 }, 3);
    expect(notebook.sent.map(({ association }) => association)).toEqual([0, 1, 2, 0, 1, 2]);
    jest.advanceTimersByTime(10_000);
    expect(notebook.sent).toHaveLength(6);
    windows.freed(1, 77);
    expect(notebook.sent.at(-1)).toEqual({ association: 1, at: 77, now: 77 });
    windows.stop();
    windows.freed(1, 78);
    expect(notebook.sent).toHaveLength(7);
  });

  test('a large window is filled in several turns of the event loop', () => {
    const notebook = new Notebook();
    start(notebook, { window: 100 }, 3);
    expect(notebook.sent.length).toBeLessThan(100);
    jest.advanceTimersByTime(100);
    expect(notebook.sent).toHaveLength(300);
  });

  test('a flood sends what there is room for, turn after turn, until it is stopped', () => {
    const notebook = new Notebook();
    const flood = start(notebook, { oneWay: true });
    const first = notebook.sent.length;
    expect(first).toBeGreaterThan(1);
    notebook.room = 3;
    jest.advanceTimersByTime(10);
    expect(notebook.sent).toHaveLength(first + 3);
    flood.stop();
    notebook.room = 1000;
    jest.advanceTimersByTime(10);
    expect(notebook.sent).toHaveLength(first + 3);
  });
});
