import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Outgoing } from '../../lib/endpoints/outgoing';
import { ENOBUFS, FakeUdpSocket } from '../support/fake-udp-socket';

/** Of a batch: as many datagrams as a system call takes messages, and bytes. */
const MAX_DATAGRAMS = 64;
const BATCH_BYTES = 64 * 1024;

function make(onError: (outgoing: Outgoing, socket: FakeUdpSocket) => void = () => {}) {
  const socket = new FakeUdpSocket();
  const outgoing: Outgoing = new Outgoing(socket, () => {
    socket.errors.length = 0;
    onError(outgoing, socket);
  });
  return { socket, outgoing };
}

/** True: it is time to flush. */
function add(outgoing: Outgoing, peer: number, text: string): boolean {
  outgoing.reserve(text.length).write(text, outgoing.offset, 'latin1');
  return outgoing.add(peer, text.length);
}

const numbered = (n: number): string => `datagram ${n}`;
const texts = (socket: FakeUdpSocket): string[] => socket.sent.map(({ text }) => text);

describe('outgoing datagrams', () => {
  test('wait for flush, and leave in one call, in order, each with its peer and its bytes', () => {
    const { socket, outgoing } = make();
    for (const [peer, text] of [
      [3, 'one'],
      [0, 'and another'],
      [3, 'three'],
    ] as const) {
      expect(add(outgoing, peer, text)).toBe(false);
    }
    expect(socket.sent).toEqual([]);
    expect(outgoing.size).toBe('one'.length + 'and another'.length + 'three'.length);
    expect(outgoing.flush()).toBe(true);
    expect(socket.sent).toEqual([
      { peer: 3, text: 'one' },
      { peer: 0, text: 'and another' },
      { peer: 3, text: 'three' },
    ]);
    expect(socket.sends).toBe(1);
    expect(outgoing.size).toBe(0);
  });

  test('are not sent twice, and nothing is no call', () => {
    const { socket, outgoing } = make();
    expect(outgoing.flush()).toBe(true);
    add(outgoing, 0, 'once');
    outgoing.flush();
    expect(outgoing.flush()).toBe(true);
    expect(texts(socket)).toEqual(['once']);
    expect(socket.sends).toBe(1);
  });

  test('ask for a flush when there are as many as one call takes', () => {
    const { outgoing } = make();
    const answers = Array.from({ length: 2 * MAX_DATAGRAMS }, (_, n) => add(outgoing, 0, numbered(n)));
    expect(answers.flatMap((isFull, n) => (isFull ? [n + 1] : []))).toEqual([MAX_DATAGRAMS, 2 * MAX_DATAGRAMS]);
  });

  test('that do not fit the memory of a batch begin the next one', () => {
    const { socket, outgoing } = make();
    const sizes = [40_000, BATCH_BYTES - 40_000, 1, BATCH_BYTES, 2];
    for (const [n, size] of sizes.entries()) add(outgoing, 0, String(n).repeat(size));
    expect(outgoing.flush()).toBe(true);
    expect(texts(socket)).toEqual(sizes.map((size, n) => String(n).repeat(size)));
    expect(socket.sends).toBe(4);
  });

  test('of which the kernel took some go on with the next one', () => {
    const { socket, outgoing } = make();
    for (let n = 0; n < 5; n++) add(outgoing, n, numbered(n));
    socket.room = 2;
    expect(outgoing.flush()).toBe(false);
    expect(outgoing.size).toBe(3 * numbered(0).length);
    // What comes now follows.
    add(outgoing, 5, numbered(5));
    socket.room = 1;
    expect(outgoing.flush()).toBe(false);
    socket.room = 0;
    expect(outgoing.flush()).toBe(false);
    expect(outgoing.size).toBe(3 * numbered(0).length);
    socket.room = 10;
    expect(outgoing.flush()).toBe(true);
    expect(socket.sent).toEqual([0, 1, 2, 3, 4, 5].map((n) => ({ peer: n, text: numbered(n) })));
    expect(outgoing.size).toBe(0);
  });

  test('of which some are refused are done with, and the error is told once', () => {
    let errors = 0;
    const { socket, outgoing } = make(() => errors++);
    for (let n = 0; n < 3; n++) add(outgoing, 0, numbered(n));
    socket.errors = [[ENOBUFS, -1]];
    socket.room = 2;
    expect(outgoing.flush()).toBe(false);
    expect(errors).toBe(1);
    expect(outgoing.size).toBe(numbered(0).length);
    socket.room = 1;
    expect(outgoing.flush()).toBe(true);
    expect(errors).toBe(1);
    expect(texts(socket)).toEqual([0, 1, 2].map(numbered));
  });

  test('that were reserved and never written do not leave', () => {
    const { socket, outgoing } = make();
    outgoing.reserve(1000);
    expect(outgoing.flush()).toBe(true);
    expect(socket.sends).toBe(0);
    outgoing.reserve(1000).write('lost', outgoing.offset);
    add(outgoing, 0, 'sent');
    outgoing.reserve(1000);
    outgoing.flush();
    expect(texts(socket)).toEqual(['sent']);
  });

  test('use the memory of those that have left', () => {
    const { outgoing } = make();
    const memory = outgoing.reserve(1);
    for (let round = 0; round < 3; round++) {
      expect(outgoing.reserve(1)).toBe(memory);
      add(outgoing, 0, 'datagram');
      outgoing.flush();
    }
    expect(make().outgoing.reserve(1)).toBe(memory);
  });
});

describe('whoever is told of an error', () => {
  test('may flush, say because it closes: nothing is lost, nothing is sent twice', () => {
    const { socket, outgoing } = make(() => outgoing.flush());
    const count = 3 * MAX_DATAGRAMS;
    for (let n = 0; n < count; n++) add(outgoing, 0, numbered(n));
    socket.errors = [[ENOBUFS, -1]];
    expect(outgoing.flush()).toBe(true);
    expect(texts(socket)).toEqual(Array.from({ length: count }, (_, n) => numbered(n)));
    expect(outgoing.size).toBe(0);
  });

  test('may flush, though the kernel takes not all of it: the rest leaves later', () => {
    const { socket, outgoing } = make(() => outgoing.flush());
    const count = 3 * MAX_DATAGRAMS;
    for (let n = 0; n < count; n++) add(outgoing, 0, numbered(n));
    socket.errors = [[ENOBUFS, -1]];
    socket.room = MAX_DATAGRAMS + 10;
    expect(outgoing.flush()).toBe(false);
    socket.room = count;
    expect(outgoing.flush()).toBe(true);
    expect(texts(socket)).toEqual(Array.from({ length: count }, (_, n) => numbered(n)));
    expect(outgoing.size).toBe(0);
  });

  test('may flush, and afterwards no two sockets share memory', () => {
    const { socket, outgoing } = make(() => outgoing.flush());
    add(outgoing, 0, 'datagram');
    socket.errors = [[ENOBUFS, -1]];
    outgoing.flush();
    const others = Array.from({ length: 20 }, () => make());
    expect(new Set(others.map((other) => other.outgoing.reserve(1))).size).toBe(others.length);
  });

  test('may send, which is not done with before it has left', () => {
    const { socket, outgoing } = make(() => add(outgoing, 1, 'one more'));
    add(outgoing, 0, 'datagram');
    socket.errors = [[ENOBUFS, -1]];
    while (!outgoing.flush());
    expect(texts(socket)).toEqual(['datagram', 'one more']);
    expect(outgoing.size).toBe(0);
  });
});

test('whatever is added, and whatever the kernel takes at a time, everything leaves once and in order', () => {
  const datagram = fc.record({
    peer: fc.nat(3),
    size: fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 40_000 })),
  });
  const step = fc.record({
    datagrams: fc.array(datagram, { maxLength: 100 }),
    room: fc.nat(80),
    refused: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
      const { socket, outgoing } = make();
      const expected: Array<{ peer: number; text: string }> = [];
      for (const { datagrams, room, refused } of steps) {
        for (const { peer, size } of datagrams) {
          const text = String.fromCharCode(33 + (expected.length % 90)).repeat(size);
          expected.push({ peer, text });
          add(outgoing, peer, text);
        }
        socket.room = room;
        socket.errors = refused ? [[ENOBUFS, -1]] : [];
        const waiting = expected.length - socket.sent.length;
        expect(outgoing.flush()).toBe(waiting <= room);
        const left = expected.slice(socket.sent.length);
        expect(outgoing.size).toBe(left.reduce((sum, { text }) => sum + text.length, 0));
      }
      socket.room = Number.POSITIVE_INFINITY;
      expect(outgoing.flush()).toBe(true);
      expect(socket.sent).toEqual(expected);
    }),
    { numRuns: 50 },
  );
});
