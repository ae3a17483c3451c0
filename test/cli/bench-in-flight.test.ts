import { describe, expect, test } from '@jest/globals';
import { EchoMessage, FOREIGN, fillerMessage, HEADER_SIZE, LATE } from '../../lib/cli/bench/echo-message';
import { InFlight, NONE } from '../../lib/cli/bench/in-flight';

describe('messages in flight', () => {
  test('wait in the order in which they were sent, each association for itself', () => {
    const inFlight = new InFlight(4, 2);
    const [a, b, c] = [inFlight.take(0, 1, 1), inFlight.take(1, 2, 2), inFlight.take(0, 3, 3)];
    expect([inFlight.oldestOf(0), inFlight.oldestOf(1), inFlight.size]).toEqual([a, b, 3]);
    inFlight.release(a);
    expect(inFlight.oldestOf(0)).toBe(c);
    inFlight.release(c);
    expect([inFlight.oldestOf(0), inFlight.oldestOf(1), inFlight.size]).toEqual([NONE, b, 1]);
  });

  test('may be answered out of order', () => {
    const inFlight = new InFlight(4, 1);
    const [a, b, c, d] = [1, 2, 3, 4].map((time) => inFlight.take(0, time, time));
    inFlight.release(b);
    inFlight.release(d);
    expect(inFlight.oldestOf(0)).toBe(a);
    inFlight.release(a);
    expect(inFlight.oldestOf(0)).toBe(c);
    inFlight.release(c);
    expect([inFlight.oldestOf(0), inFlight.size]).toEqual([NONE, 0]);
  });

  test('are bounded, and their slots are used again', () => {
    const inFlight = new InFlight(2, 1);
    const a = inFlight.take(0, 1, 1);
    expect(inFlight.isFull).toBe(false);
    inFlight.take(0, 2, 2);
    expect(inFlight.isFull).toBe(true);
    inFlight.release(a);
    expect(inFlight.isFull).toBe(false);
    expect(inFlight.take(0, 3, 3)).toBe(a);
  });

  test('remember when they were due, when they left, and their number', () => {
    const inFlight = new InFlight(2, 1);
    inFlight.release(inFlight.take(0, 0, 0));
    const slot = inFlight.take(0, 1.5, 2.5);
    expect([inFlight.dueTimeOf(slot), inFlight.sendTimeOf(slot), inFlight.sequenceOf(slot)]).toEqual([1.5, 2.5, 1]);
  });
});

describe('an echo', () => {
  function sent(size = 64) {
    const inFlight = new InFlight(4, 2);
    const message = new EchoMessage(size, inFlight);
    const slot = inFlight.take(1, 12.25, 12.25);
    message.stamp(slot);
    return { inFlight, message, slot, echo: Buffer.from(message.bytes) };
  }

  test.each([HEADER_SIZE, 64, 1171])('of %d bytes leads to its message', (size) => {
    const { message, slot, echo } = sent(size);
    expect(echo).toHaveLength(size);
    expect(message.slotOf(echo, 1)).toBe(slot);
  });

  test('is told from those of other messages', () => {
    const { inFlight, message, slot, echo } = sent();
    const other = inFlight.take(1, 13, 13);
    message.stamp(other);
    expect(message.slotOf(message.bytes, 1)).toBe(other);
    expect(message.slotOf(echo, 1)).toBe(slot);
  });

  test('is late when its message is no longer waited for, even when the slot is used again', () => {
    const { inFlight, message, slot, echo } = sent();
    inFlight.release(slot);
    expect(message.slotOf(echo, 1)).toBe(LATE);
    expect(inFlight.take(1, 12.25, 12.25)).toBe(slot);
    expect(message.slotOf(echo, 1)).toBe(LATE);
  });

  test('of another association is none', () => {
    const { message, echo } = sent();
    expect(message.slotOf(echo, 0)).toBe(LATE);
  });

  test('of a slot that does not exist is none', () => {
    const { message, echo } = sent();
    echo.writeUInt32LE(2 ** 32 - 1, 4);
    expect(message.slotOf(echo, 1)).toBe(LATE);
  });

  test.each([0, 3, HEADER_SIZE, 63])('with another byte at %d is no echo', (offset) => {
    const { message, echo } = sent();
    echo[offset] ^= 1;
    expect(message.slotOf(echo, 1)).toBe(FOREIGN);
  });

  test('that is longer, shorter or of another run is no echo', () => {
    const { message, echo } = sent();
    expect(message.slotOf(echo.subarray(1), 1)).toBe(FOREIGN);
    expect(message.slotOf(Buffer.concat([echo, echo]), 1)).toBe(FOREIGN);
    expect(message.slotOf(sent().echo, 1)).toBe(FOREIGN);
  });
});

test('a message without an echo can have a single byte', () => {
  expect(fillerMessage(1).toString()).toBe('d');
  expect(fillerMessage(22).toString()).toBe('dtls bench dtls bench ');
});
