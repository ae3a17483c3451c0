import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Session, UdpSocket } from '../../binding';
import { binding, Status, Verdict } from '../../lib/native';
import { ADDRESS, feed, Pair, send, takeAll, write } from './children/pair.cjs';
import * as udp from './children/udp.cjs';
import { type LentMemory, lentMemory, numbers, uint32 } from './lent-memory';

const RUNS = { numRuns: 300 };
const TEXT = 'a message of some length';
/** Of bytes, nine times in ten: other numbers are as good as none. */
const memory = fc.oneof(
  { weight: 9, arbitrary: lentMemory(Uint8Array) },
  lentMemory(Uint16Array) as unknown as fc.Arbitrary<() => LentMemory<Uint8Array>>,
);

/** How many bytes of the view may be used from `offset` on. */
function roomOf({ view, size }: LentMemory, offset: number): number {
  return view instanceof Uint8Array ? Math.max(0, size - uint32(offset)) : 0;
}

/** What was returned is a status, or how much was written into the memory from `offset` on, and nothing else was. */
function expectWithin(result: number, into: LentMemory, offset: number): void {
  expect(result).toBeLessThanOrEqual(roomOf(into, offset));
  into.expectUntouched(uint32(offset), Math.max(0, result));
}

function established(): InstanceType<typeof Pair> {
  const pair = new Pair().handshake();
  expect(pair.established).toBe(true);
  return pair;
}

describe('a session', () => {
  test('reads a datagram within its range, and writes its message within the room that it is given', () => {
    fc.assert(
      fc.property(memory, numbers, numbers, memory, numbers, (makeDatagram, at, length, makeInto, offset) => {
        const { client, accepted: server } = established();
        const [datagram, into] = [makeDatagram(), makeInto()];
        const record = write(client, TEXT);
        // Where it is read, if that is not far away.
        datagram.fill(Buffer.concat([Buffer.alloc(uint32(at) % 512), record]));
        const status = binding.receive(server.handle(), datagram.view, at, length, into.view, offset);
        expectWithin(status, into, offset);
        datagram.expectUntouched();
        if (status > 0) expect(roomOf(datagram, at)).toBeGreaterThanOrEqual(record.length);
        // The rest of a message for which there was too little room.
        expectWithin(server.poll(into.view, offset), into, offset);
        drain(server);
        // OpenSSL takes a message without any room for a failure.
        const isAlive = status !== Status.Failed || roomOf(into, offset) > 0;
        expect(send(client, server, 'alive')).toBe(isAlive ? 'alive' : '');
      }),
      RUNS,
    );
  });

  test('reads the bytes that it encrypts, and writes its datagram within the room that it is given', () => {
    fc.assert(
      fc.property(memory, memory, numbers, (makeData, makeInto, offset) => {
        const { client, accepted: server } = established();
        const [data, into] = [makeData(), makeInto()];
        data.fill(Buffer.alloc(600, TEXT));
        const size = binding.write(client.handle(), data.view, into.view, offset);
        expectWithin(size, into, offset);
        data.expectUntouched();
        const later = takeAll(client);
        // None without data, and one in all.
        expect(later.length + (size > 0 ? 1 : 0)).toBe(roomOf(data, 0) > 0 ? 1 : 0);
        for (const datagram of later) expect(feed(server, datagram)).toBe(roomOf(data, 0));
      }),
      RUNS,
    );
  });

  test('and a listener write the datagrams of a handshake within the room that they are given', () => {
    fc.assert(
      fc.property(memory, numbers, (makeInto, offset) => {
        const into = makeInto();
        const { client, listener } = new Pair();
        client.start();
        expectWithin(client.takeDatagram(into.view, offset), into, offset);
        const next = new Pair().client;
        next.start();
        expect(listener.accept(takeAll(next)[0] as Buffer, ADDRESS)).toBe(Verdict.Reply);
        const size = listener.takeDatagram(into.view, offset);
        expectWithin(size, into, offset);
        expect(takeAll(listener)).toHaveLength(size > 0 ? 0 : 1);
      }),
      RUNS,
    );
  });

  test('and a listener only read what they are asked about', () => {
    fc.assert(
      fc.property(memory, memory, (makeDatagram, makeAddress) => {
        const { client, accepted: server, listener } = established();
        const [datagram, address] = [makeDatagram(), makeAddress()];
        const record = write(client, TEXT);
        datagram.fill(record);
        const isWhole = roomOf(datagram, 0) === record.length;
        expect(server.recordsAhead(datagram.view)).toBe(isWhole ? 1 : 0);
        expect(listener.accept(datagram.view, address.view)).toBe(Verdict.Ignored);
        datagram.expectUntouched();
        address.expectUntouched();
      }),
      RUNS,
    );
  });
});

/** Messages that wait. */
function drain(session: Session): void {
  const room = Buffer.alloc(1024);
  while (session.poll(room, 0) > 0);
}

describe('a native UDP socket', () => {
  let sockets: UdpSocket[] = [];

  afterEach(() => {
    for (const socket of sockets) socket.close();
  });

  /** Two sockets, and how to wait until something has come to the second, of which the first is peer 0. */
  function pair(): { from: UdpSocket; to: UdpSocket; readable: () => Promise<void> } {
    const [from, to] = [udp.bound(binding), udp.bound(binding)];
    sockets = [from, to];
    udp.check(udp.know(from, to));
    let isReadable = (): void => {};
    to.start(() => isReadable());
    const readable = () =>
      new Promise<void>((resolve) => {
        isReadable = resolve;
      });
    return { from, to, readable };
  }

  test('receives within the memory that it is given', async () => {
    const { from, to, readable } = pair();
    const entries = lentMemory(Int32Array);
    await fc.assert(
      fc.asyncProperty(memory, entries, numbers, async (makeSlab, makeReceived, slots) => {
        const [slab, received] = [makeSlab(), makeReceived()];
        const arrived = readable();
        udp.send(from, 0, TEXT);
        await arrived;
        const count = to.receive(slab.view, received.view, slots);
        expect(count).toBe(uint32(slots) > 0 && roomOf(slab, 0) > 0 && received.size >= 16 ? 1 : 0);
        slab.expectUntouched(0, count * Math.min(TEXT.length, roomOf(slab, 0)));
        received.expectUntouched(0, count * 16);
        udp.take(to);
      }),
      RUNS,
    );
  });

  test('sends what is in the range that it is given, or throws', async () => {
    const { from, to, readable } = pair();
    const sizes = fc.array(fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 40 }) }, numbers), {
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(memory, numbers, sizes, numbers, numbers, async (makeBytes, offset, given, first, count) => {
        const bytes = makeBytes();
        bytes.fill(Buffer.from(Array.from({ length: 512 }, (_, i) => 97 + (i % 26))));
        const outgoing = Int32Array.from(given.flatMap((size) => [0, size]));
        const before = Int32Array.from(outgoing);
        const expected = slices(bytes, offset, outgoing, first, count);
        const verb = () => from.send(bytes.view, offset, outgoing, first, count);
        if (expected === undefined) {
          expect(verb).toThrow('no such datagram');
        } else {
          let arrived = readable();
          expect(verb()).toBe(expected.length);
          // What is empty arrives, too, but `take` has no text for it.
          const filled = expected.filter((text) => text !== '');
          const texts: string[] = [];
          while (texts.length < filled.length) {
            await arrived;
            arrived = readable();
            texts.push(...udp.take(to).map(({ text }) => text));
          }
          expect(texts).toEqual(filled);
        }
        bytes.expectUntouched();
        expect(outgoing).toEqual(before);
      }),
      RUNS,
    );
  });
});

/** The datagrams that `send` has to send; undefined: they are not all there. */
function slices(bytes: LentMemory, offset: number, outgoing: Int32Array, first: number, count: number) {
  if (2 * (uint32(first) + uint32(count)) > outgoing.length) return undefined;
  const sizes = [...outgoing].filter((_, i) => i % 2 === 1).slice(uint32(first), uint32(first) + uint32(count));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (sizes.some((size) => size < 0) || total > roomOf(bytes, offset)) return undefined;
  let at = uint32(offset);
  return sizes.map((size) => {
    const text = Buffer.from(bytes.view.subarray(at, at + size) as Uint8Array).toString('latin1');
    at += size;
    return text;
  });
}
