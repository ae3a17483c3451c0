import { describe, expect, test } from '@jest/globals';
import type { PeerChannel } from '../../lib/endpoints/endpoint';
import { ipv4, nextTick, nextTurn, openFake, Receiver } from '../support/endpoint';
import { ENOBUFS, type FakeUdpSocket } from '../support/fake-udp-socket';

/** Beyond its mark a queue takes so much memory more, in pieces of this size. */
const MAX_OVER_MARK = 1024 * 1024;
const BATCH_BYTES = 64 * 1024;

const numbered = (n: number): string => `datagram ${n}`;
const texts = ({ sent }: FakeUdpSocket): string[] => sent.map(({ text }) => text);
const send = (channel: PeerChannel, text: string): boolean => channel.send(Buffer.from(text));
/** As a message is sent, which may be dropped. */
function commit({ outlet }: PeerChannel, text: string): boolean | undefined {
  outlet?.reserve(text.length).write(text, outlet.offset);
  return outlet?.commit(text.length);
}
const all = Number.POSITIVE_INFINITY;

describe('what is sent in one turn of the event loop', () => {
  test('leaves at once when its channel is released: whoever closed may end the process', async () => {
    const { endpoint, socket } = await openFake();
    const channel = endpoint.attach(ipv4(1), new Receiver());
    send(channel, 'close_notify');
    channel.release();
    expect(texts(socket)).toEqual(['close_notify']);
  });

  test('leaves at the end of the tick, in one call and in order, each datagram to its peer', async () => {
    const { endpoint, socket } = await openFake();
    const one = endpoint.attach(ipv4(1), new Receiver());
    const other = endpoint.attach(ipv4(2), new Receiver());
    for (const channel of [one, other, one]) expect(send(channel, 'hello')).toBe(true);
    expect(socket.sends).toBe(0);
    await nextTick();
    expect(socket.sends).toBe(1);
    expect(socket.sent.map(({ peer }) => socket.peers[peer])).toEqual(['192.0.2.7|1', '192.0.2.7|2', '192.0.2.7|1']);
  });

  test('leaves at once when there is as much as one call takes', async () => {
    const { endpoint, socket } = await openFake();
    const channel = endpoint.attach(ipv4(1), new Receiver());
    for (let n = 0; n < 70; n++) send(channel, numbered(n));
    expect(socket.sent).toHaveLength(64);
    await nextTick();
    expect(texts(socket)).toEqual(Array.from({ length: 70 }, (_, n) => numbered(n)));
    expect(socket.sends).toBe(2);
  });

  test('may be written into the memory of the batch', async () => {
    const { endpoint, socket } = await openFake();
    const { outlet } = endpoint.attach(ipv4(1), new Receiver());
    for (const text of ['hello', 'world']) {
      outlet?.reserve(1200).write(text, outlet.offset);
      expect(outlet?.commit(text.length)).toBe(true);
    }
    await nextTick();
    expect(texts(socket)).toEqual(['hello', 'world']);
  });

  test('from an event of the socket leaves when the event has been dealt with', async () => {
    const { endpoint, socket } = await openFake();
    const receiver = new Receiver();
    const channel = endpoint.attach(ipv4(1), receiver);
    receiver.onDatagram = () => send(channel, `answer to ${receiver.texts.at(-1)}`);
    socket.arrivals = ['a', 'b'].map((text) => ({ peer: 0, bytes: Buffer.from(text) }));
    socket.event(true);
    expect(texts(socket)).toEqual(['answer to a', 'answer to b']);
    expect(socket.sends).toBe(1);
  });

  test('from an event that brings much leaves in portions, so that the peer need not wait for its end', async () => {
    const { endpoint, socket } = await openFake();
    const receiver = new Receiver();
    const channel = endpoint.attach(ipv4(1), receiver);
    const sentBefore: number[] = [];
    receiver.onDatagram = () => {
      sentBefore.push(socket.sent.length);
      send(channel, `answer to ${receiver.texts.at(-1)}`);
    };
    socket.arrivals = [{ peer: 0, bytes: Buffer.alloc(40, 'a'), segmentSize: 1 }];
    socket.event(true);
    expect(sentBefore).toEqual(Array.from({ length: 40 }, (_, n) => 16 * Math.floor(n / 16)));
    expect(socket.sent).toHaveLength(40);
    expect(socket.sends).toBe(3);
  });

  /** How many datagrams had left when the answer to each of `count` was sent, of which `peers` send in turn. */
  async function sentBeforeAnswers(peers: number, count: number): Promise<{ sentBefore: number[]; sends: number }> {
    const { endpoint, socket } = await openFake();
    const sentBefore: number[] = [];
    for (let n = 0; n < peers; n++) {
      const receiver = new Receiver();
      const channel = endpoint.attach(ipv4(n + 1), receiver);
      receiver.onDatagram = () => {
        sentBefore.push(socket.sent.length);
        send(channel, 'answer');
      };
    }
    socket.arrivals = Array.from({ length: count }, (_, n) => ({ peer: n % peers, bytes: Buffer.from('a') }));
    socket.event(true);
    expect(socket.sent).toHaveLength(count);
    return { sentBefore, sends: socket.sends };
  }

  test('to peers of which each gets several waits for so many for each: they leave as one message', async () => {
    const { sentBefore, sends } = await sentBeforeAnswers(3, 60);
    expect(sentBefore).toEqual(Array.from({ length: 60 }, (_, n) => 48 * Math.floor(n / 48)));
    expect(sends).toBe(2);
  });

  test('to peers of which each gets one does not wait', async () => {
    const { sentBefore, sends } = await sentBeforeAnswers(40, 40);
    expect(sentBefore).toEqual(Array.from({ length: 40 }, (_, n) => 16 * Math.floor(n / 16)));
    expect(sends).toBe(3);
  });
});

describe('a sender', () => {
  test('that does not stop gets false above its mark in the same turn, and drain in a later one, once', async () => {
    const { endpoint } = await openFake({ sendHighWaterMark: 100 });
    const receiver = new Receiver();
    const channel = endpoint.attach(ipv4(1), receiver);
    for (let round = 1; round <= 3; round++) {
      let taken = 0;
      while (send(channel, '0123456789')) taken++;
      // Ten are just at the mark, the eleventh goes above it, taken all the same.
      expect(taken).toBe(10);
      await nextTick();
      expect(receiver.drains).toBe(round - 1);
      await nextTurn();
      expect(receiver.drains).toBe(round);
    }
    await nextTurn();
    expect(receiver.drains).toBe(3);
  });

  test('that stayed below the mark hears no drain', async () => {
    const { endpoint } = await openFake({ sendHighWaterMark: 100 });
    const [greedy, modest] = [new Receiver(), new Receiver()];
    const channels = [endpoint.attach(ipv4(1), greedy), endpoint.attach(ipv4(2), modest)] as const;
    expect(send(channels[1], 'a little')).toBe(true);
    expect(send(channels[0], 'x'.repeat(100))).toBe(false);
    await nextTurn();
    expect([greedy.drains, modest.drains]).toEqual([1, 0]);
  });

  test('that heard of room hears no more of it before it is told to wait again', async () => {
    const { endpoint } = await openFake({ sendHighWaterMark: 100 });
    const receivers = [new Receiver(), new Receiver()];
    const channels = receivers.map((receiver, i) => endpoint.attach(ipv4(i), receiver));
    for (const [i, drains] of [
      [0, [1, 0]],
      [1, [1, 1]],
      [0, [2, 1]],
    ] as const) {
      expect(send(channels[i] as PeerChannel, 'x'.repeat(101))).toBe(false);
      await nextTurn();
      expect(receivers.map((receiver) => receiver.drains)).toEqual(drains);
    }
  });

  test('that was released hears no drain', async () => {
    const { endpoint } = await openFake({ sendHighWaterMark: 0 });
    const receiver = new Receiver();
    const channel = endpoint.attach(ipv4(1), receiver);
    expect(send(channel, 'last words')).toBe(false);
    channel.release();
    await nextTurn();
    expect(receiver.drains).toBe(0);
  });

  test('is not kept waiting by what it sent in an earlier turn', async () => {
    const { endpoint } = await openFake({ sendHighWaterMark: 10 });
    const channel = endpoint.attach(ipv4(1), new Receiver());
    for (let turn = 0; turn < 5; turn++) {
      expect(send(channel, '0123456789')).toBe(true);
      await nextTick();
    }
  });
});

describe('when the kernel takes no more', () => {
  test('answers wait without asking it again for each portion', async () => {
    const { endpoint, socket } = await openFake();
    const receiver = new Receiver();
    const channel = endpoint.attach(ipv4(1), receiver);
    receiver.onDatagram = () => send(channel, 'answer');
    socket.room = 0;
    socket.arrivals = [{ peer: 0, bytes: Buffer.alloc(60, 'a'), segmentSize: 1 }];
    socket.event(true);
    // The first portion, and the end of the event.
    expect(socket.sends).toBe(2);
    socket.room = all;
    socket.event(false, true);
    expect(socket.sent).toHaveLength(60);
  });

  test('the rest leaves in order as soon as there is room, and nothing is asked for after that', async () => {
    const { endpoint, socket } = await openFake();
    const channel = endpoint.attach(ipv4(1), new Receiver());
    socket.room = 2;
    for (let n = 0; n < 5; n++) expect(send(channel, numbered(n))).toBe(true);
    await nextTick();
    expect(texts(socket)).toEqual([0, 1].map(numbered));
    expect(socket.awaitsWritable).toBe(true);
    send(channel, numbered(5));
    socket.room = 1;
    socket.event(false, true);
    expect(texts(socket)).toEqual([0, 1, 2].map(numbered));
    expect(socket.awaitsWritable).toBe(true);
    socket.room = all;
    socket.event(false, true);
    expect(texts(socket)).toEqual([0, 1, 2, 3, 4, 5].map(numbered));
    expect(socket.awaitsWritable).toBe(false);
    // Each is a system call.
    expect(socket.awaitWritableCalls).toBe(2);
  });

  test('send returns false above the mark, and drain comes once, when everything has left', async () => {
    const { endpoint, socket } = await openFake({ sendHighWaterMark: 30 });
    const receiver = new Receiver();
    const channel = endpoint.attach(ipv4(1), receiver);
    socket.room = 0;
    const answers: boolean[] = [];
    for (let n = 0; n < 5; n++) {
      answers.push(send(channel, '0123456789'));
      await nextTurn();
    }
    expect(answers).toEqual([true, true, true, false, false]);
    socket.room = 1;
    socket.event(false, true);
    await nextTurn();
    expect(receiver.drains).toBe(0);
    socket.room = all;
    socket.event(false, true);
    await nextTurn();
    expect(receiver.drains).toBe(1);
    expect(send(channel, '0123456789')).toBe(true);
    await nextTurn();
    expect(receiver.drains).toBe(1);
  });

  test.each([20, 1000])(
    'its memory is bounded: messages of %i bytes beyond it are lost and told, the rest leaves',
    async (size) => {
      const mark = 10_000;
      const { endpoint, socket } = await openFake({ sendHighWaterMark: mark });
      const receiver = new Receiver();
      const channel = endpoint.attach(ipv4(1), receiver);
      const count = 2000;
      socket.room = 0;
      for (let n = 0; n < count; n++) commit(channel, String(n).padEnd(size));
      const { size: waiting, memory } = endpoint.outgoing;
      expect(memory).toBeGreaterThan(mark + MAX_OVER_MARK);
      expect(memory).toBeLessThanOrEqual(mark + MAX_OVER_MARK + BATCH_BYTES);
      // What belongs to the protocol is not lost yet.
      send(channel, 'close_notify');
      expect(endpoint.outgoing.size).toBe(waiting + 'close_notify'.length);
      socket.room = all;
      socket.event(false, true);
      const sent = texts(socket);
      expect(sent.pop()).toBe('close_notify');
      expect(sent.map((text) => Number(text))).toEqual(Array.from({ length: waiting / size }, (_, n) => n));
      send(channel, 'after that');
      await nextTurn();
      expect(texts(socket).at(-1)).toBe('after that');
      const lost = count - waiting / size;
      expect(receiver.errors).toEqual([
        [expect.objectContaining({ message: `${lost} datagrams found the queue full` }), false],
      ]);
    },
  );

  test('whoever meets a full queue is told to wait, and when to go on, as those who filled it', async () => {
    const { endpoint, socket } = await openFake({ sendHighWaterMark: 100 });
    const [greedy, late] = [new Receiver(), new Receiver()];
    const channels = [endpoint.attach(ipv4(1), greedy), endpoint.attach(ipv4(2), late)] as const;
    socket.room = 0;
    for (let bytes = 0; bytes < 2 * MAX_OVER_MARK; bytes += 1000) commit(channels[0], 'x'.repeat(1000));
    await nextTurn();
    expect(commit(channels[1], 'lost')).toBe(false);
    socket.room = all;
    socket.event(false, true);
    await nextTurn();
    expect([greedy.drains, late.drains]).toEqual([1, 1]);
  });

  test('what a single datagram met is told to its sender, and the others leave', async () => {
    const { endpoint, socket } = await openFake();
    const [one, other] = [new Receiver(), new Receiver()];
    const channels = [endpoint.attach(ipv4(1), one), endpoint.attach(ipv4(2), other)] as const;
    socket.errors = [[ENOBUFS, 1]];
    send(channels[0], 'hello');
    send(channels[1], 'hello');
    await nextTick();
    expect(one.errors).toEqual([]);
    expect(other.errors).toEqual([[expect.objectContaining({ code: 'ENOBUFS', syscall: 'send' }), false]]);
    expect(texts(socket)).toEqual(['hello', 'hello']);
  });
});

describe('close', () => {
  test('hands over what waits, and releases the socket at once when the kernel takes it', async () => {
    const { endpoint, socket } = await openFake();
    const channel = endpoint.attach(ipv4(1), new Receiver());
    send(channel, 'last words');
    channel.release();
    const closed = endpoint.close();
    expect(texts(socket)).toEqual(['last words']);
    expect(socket.isOpen).toBe(false);
    await closed;
  });

  test('waits until the kernel has taken everything', async () => {
    const { endpoint, socket } = await openFake();
    const channel = endpoint.attach(ipv4(1), new Receiver());
    socket.room = 0;
    send(channel, 'last');
    send(channel, 'words');
    channel.release();
    let isClosed = false;
    const closing = endpoint.close().then(() => {
      isClosed = true;
    });
    expect(() => endpoint.attach(ipv4(2), new Receiver())).toThrow('its endpoint was closed');
    socket.room = 1;
    socket.event(false, true);
    await nextTurn();
    expect([socket.isOpen, isClosed]).toEqual([true, false]);
    socket.room = 1;
    socket.event(false, true);
    expect(socket.isOpen).toBe(false);
    await closing;
    expect(texts(socket)).toEqual(['last', 'words']);
  });

  test('may be called by whoever hears that a datagram was refused', async () => {
    const { endpoint, socket } = await openFake();
    const receiver = new Receiver();
    const channel = endpoint.attach(ipv4(1), receiver);
    let closed: Promise<void> | undefined;
    receiver.failed = () => {
      channel.release();
      closed = endpoint.close();
    };
    socket.errors = [[ENOBUFS, 0]];
    for (let n = 0; n < 100; n++) send(channel, numbered(n));
    await nextTick();
    await closed;
    expect(socket.isOpen).toBe(false);
    // It is the first call of two that tells.
    expect(socket.sent).toHaveLength(64);
  });

  test('is told to those who are attached still, as the end', async () => {
    const { endpoint } = await openFake();
    const receiver = new Receiver();
    endpoint.attach(ipv4(1), receiver);
    await endpoint.close();
    expect(receiver.errors).toEqual([[expect.objectContaining({ message: 'its endpoint was closed' }), true]]);
  });

  test('leaves nobody who attaches afterwards waiting: it is refused', async () => {
    const { endpoint } = await openFake();
    await endpoint.close();
    expect(() => endpoint.attach(ipv4(1), new Receiver())).toThrow('its endpoint was closed');
  });

  test('ends sending: nothing leaves and nothing is kept', async () => {
    const { endpoint, socket } = await openFake();
    const channel = endpoint.attach(ipv4(1), new Receiver());
    await endpoint.close();
    for (let n = 0; n < 100; n++) send(channel, numbered(n));
    endpoint.sendTo(Buffer.from('hello'), ipv4(2));
    await nextTurn();
    expect(endpoint.outgoing.size).toBe(0);
    expect(socket.sent).toEqual([]);
    expect(socket.sentTo).toEqual([]);
  });
});
