import { constants } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { ipv4, nextTurn, openFake, Receiver } from '../support/endpoint';
import { type Arrival, ECONNREFUSED, type FakeUdpSocket } from '../support/fake-udp-socket';

/** Datagrams in one turn of the event loop, and messages of one call. */
const MAX_PER_TURN = 256;
const MAX_SLOTS = 32;
/** Errors that are told at once. */
const MAX_ERRORS = 64;

const arrival = (text: string, rest: Partial<Arrival> = {}): Arrival => ({ bytes: Buffer.from(text), ...rest });
const texts = ({ sent }: FakeUdpSocket): string[] => sent.map(({ text }) => text);
const numbered = (count: number, rest: Partial<Arrival> = {}): Arrival[] =>
  Array.from({ length: count }, (_, n) => arrival(`${n}`, rest));

describe('datagrams', () => {
  test('go to whoever is attached to their sender, those of others to stranger with the address', async () => {
    const { endpoint, socket, strangers } = await openFake();
    const [one, other] = [new Receiver(), new Receiver()];
    endpoint.attach(ipv4(1), one);
    endpoint.attach(ipv4(2), other);
    const from = { address: '2001:db8::1', port: 7, family: 'IPv6' } as const;
    socket.arrivals = [arrival('a', { peer: 1 }), arrival('b', { from }), arrival('c', { peer: 0 })];
    socket.event(true);
    expect(one.texts).toEqual(['c']);
    expect(other.texts).toEqual(['a']);
    expect(strangers).toEqual(['b of 2001:db8::1|7']);
  });

  test('that the kernel merged are taken apart, with a shorter last one or without', async () => {
    const { endpoint, socket, strangers } = await openFake();
    const receiver = new Receiver();
    endpoint.attach(ipv4(1), receiver);
    socket.arrivals = [
      arrival('aabbc', { peer: 0, segmentSize: 2 }),
      arrival('ddee', { peer: 0, segmentSize: 2 }),
      arrival('ffg', { segmentSize: 2 }),
    ];
    socket.event(true);
    expect(receiver.texts).toEqual(['aa', 'bb', 'c', 'dd', 'ee']);
    expect(strangers).toEqual(['ff of 192.0.2.99|5684', 'g of 192.0.2.99|5684']);
  });

  test('that are empty are datagrams all the same', async () => {
    const { endpoint, socket, strangers } = await openFake();
    const receiver = new Receiver();
    endpoint.attach(ipv4(1), receiver);
    socket.arrivals = [arrival('', { peer: 0 }), arrival('')];
    socket.event(true);
    expect(receiver.texts).toEqual(['']);
    expect(strangers).toEqual([' of 192.0.2.99|5684']);
  });

  test('that were truncated are lost, and the others arrive', async () => {
    const { endpoint, socket, strangers } = await openFake();
    const receiver = new Receiver();
    endpoint.attach(ipv4(1), receiver);
    const truncated = { segmentSize: -1 };
    socket.arrivals = [
      arrival('half', { peer: 0, ...truncated }),
      arrival('half', truncated),
      arrival('b', { peer: 0 }),
    ];
    socket.event(true);
    expect(receiver.texts).toEqual(['b']);
    expect(strangers).toEqual([]);
  });

  test('from port 0, to which nobody can reply, are ignored', async () => {
    const { socket, strangers } = await openFake();
    const from = { address: '192.0.2.99', port: 0, family: 'IPv4' } as const;
    socket.arrivals = [arrival('nobody', { from }), arrival('merged', { from, segmentSize: 2 }), arrival('somebody')];
    socket.event(true);
    expect(strangers).toEqual(['somebody of 192.0.2.99|5684']);
  });

  test('are read until nothing is left, with few calls', async () => {
    const { socket, strangers } = await openFake();
    socket.arrivals = numbered(100);
    socket.event(true);
    expect(strangers).toHaveLength(100);
    expect(strangers.map((text) => Number.parseInt(text, 10))).toEqual(Array.from({ length: 100 }, (_, n) => n));
    // 2, 4, 8, 16, 32, 32 and 6 of 12 or more.
    expect(socket.receives).toBe(7);
  });

  test.each([
    ['single ones', 1],
    ['merged ones', 50],
  ])('of one turn of the event loop are limited, the rest waits for the next: %s', async (_, segments) => {
    const { socket, strangers } = await openFake();
    const many = 4 * MAX_PER_TURN;
    socket.arrivals = Array.from({ length: many }, () => arrival('x'.repeat(segments), { segmentSize: 1 }));
    socket.event(true);
    const first = strangers.length;
    expect(first).toBeGreaterThanOrEqual(MAX_PER_TURN);
    // What the last call brought is not put back.
    expect(first).toBeLessThan(MAX_PER_TURN + MAX_SLOTS * segments);
    socket.event(true);
    expect(strangers.length).toBeGreaterThan(first);
    while (socket.arrivals.length > 0) socket.event(true);
    expect(strangers).toHaveLength(many * segments);
  });

  test('of a connected socket are all of its peer', async () => {
    const { endpoint, socket, strangers } = await openFake({}, ipv4(5));
    const receiver = new Receiver();
    endpoint.attach(ipv4(5), receiver);
    socket.arrivals = [arrival('hello', { peer: 0 })];
    socket.event(true);
    expect(receiver.texts).toEqual(['hello']);
    expect(strangers).toEqual([]);
  });
});

describe('in the middle of a batch', () => {
  test('whoever is released is a stranger from then on, who may begin anew', async () => {
    const { endpoint, socket, strangers } = await openFake();
    const receiver = new Receiver();
    const channel = endpoint.attach(ipv4(1), receiver);
    receiver.onDatagram = () => channel.release();
    socket.arrivals = [arrival('aabb', { peer: 0, segmentSize: 2, from: ipv4(1) }), arrival('c', { peer: 0 })];
    socket.event(true);
    expect(receiver.texts).toEqual(['aa']);
    expect(strangers).toEqual(['bb of 192.0.2.7|1', 'c of 192.0.2.99|5684']);
  });

  test('the peer of a connected socket that is released is nobody any more', async () => {
    const { endpoint, socket, strangers } = await openFake({}, ipv4(5));
    const receiver = new Receiver();
    const channel = endpoint.attach(ipv4(5), receiver);
    receiver.onDatagram = () => channel.release();
    socket.arrivals = [arrival('a', { peer: 0 }), arrival('b', { peer: 0 })];
    socket.event(true);
    expect([receiver.texts, strangers]).toEqual([['a'], []]);
  });

  test('the endpoint may be closed: nobody hears anything any more', async () => {
    const { endpoint, socket, strangers } = await openFake();
    const [one, other] = [new Receiver(), new Receiver()];
    const channel = endpoint.attach(ipv4(1), one);
    endpoint.attach(ipv4(2), other);
    one.onDatagram = () => {
      channel.release();
      endpoint.close();
    };
    const merged = arrival('aabb', { peer: 0, segmentSize: 2 });
    socket.arrivals = [merged, arrival('b', { peer: 1 }), ...numbered(100)];
    socket.event(true);
    expect([one.texts, other.texts, strangers]).toEqual([['aa'], [], []]);
    expect(socket.receives).toBe(1);
  });

  test('the endpoint may be closed by the event that says that there is room: it is not read any more', async () => {
    const { endpoint, socket } = await openFake();
    const channel = endpoint.attach(ipv4(1), new Receiver());
    socket.room = 0;
    channel.send(Buffer.from('last words'));
    channel.release();
    const closed = endpoint.close();
    socket.room = 1;
    socket.event(true, true);
    await closed;
    expect(socket.receives).toBe(0);
  });

  test('a new peer does not get the number of a released one, whose datagrams would be taken for its own', async () => {
    const { endpoint, socket } = await openFake();
    const [released, next] = [new Receiver(), new Receiver()];
    const channel = endpoint.attach(ipv4(1), released);
    released.onDatagram = () => {
      channel.release();
      endpoint.attach(ipv4(2), next);
    };
    socket.arrivals = [arrival('a', { peer: 0 }), arrival('b', { peer: 0 })];
    socket.event(true);
    expect([released.texts, next.texts]).toEqual([['a'], []]);
    expect(socket.peers).toEqual(['192.0.2.7|2']);
  });
});

describe("a released peer's number", () => {
  test('is free again when nothing waits', async () => {
    const { endpoint, socket } = await openFake();
    const channel = endpoint.attach(ipv4(1), new Receiver());
    channel.release();
    expect(socket.peers).toEqual([]);
    endpoint.attach(ipv4(2), new Receiver());
    expect(socket.peers).toEqual(['192.0.2.7|2']);
  });

  test('is kept while datagrams with it wait: they go to whom they were meant for', async () => {
    const { endpoint, socket } = await openFake();
    const last = endpoint.attach(ipv4(1), new Receiver());
    socket.room = 0;
    last.send(Buffer.from('last words'));
    last.release();
    await nextTurn();
    endpoint.attach(ipv4(2), new Receiver()).send(Buffer.from('hello'));
    socket.room = Number.POSITIVE_INFINITY;
    const peers = [...socket.peers];
    socket.event(false, true);
    await nextTurn();
    expect(socket.sent.map(({ peer, text }) => [peers[peer], text])).toEqual([
      ['192.0.2.7|1', 'last words'],
      ['192.0.2.7|2', 'hello'],
    ]);
    expect(socket.peers).toEqual(['192.0.2.7|2']);
  });

  test('stays when the peer is back before that', async () => {
    const { endpoint, socket } = await openFake();
    const channel = endpoint.attach(ipv4(1), new Receiver());
    socket.room = 0;
    channel.send(Buffer.from('last words'));
    channel.release();
    const receiver = new Receiver();
    endpoint.attach(ipv4(1), receiver);
    socket.room = 1;
    socket.event(false, true);
    await nextTurn();
    expect(texts(socket)).toEqual(['last words']);
    expect(socket.peers).toEqual(['192.0.2.7|1']);
    socket.arrivals = [arrival('hello', { peer: 0 })];
    socket.event(true);
    expect(receiver.texts).toEqual(['hello']);
  });

  test('is given back once, however often the channel is released', async () => {
    const { endpoint, socket } = await openFake();
    const channel = endpoint.attach(ipv4(1), new Receiver());
    channel.release();
    endpoint.attach(ipv4(2), new Receiver());
    channel.release();
    expect(socket.peers).toEqual(['192.0.2.7|2']);
  });
});

describe('errors', () => {
  test('are told to the peer whom they concern, with what the system calls them', async () => {
    const { endpoint, socket } = await openFake();
    const [one, other] = [new Receiver(), new Receiver()];
    endpoint.attach(ipv4(1), one);
    endpoint.attach(ipv4(2), other);
    socket.errors = [
      [ECONNREFUSED, 1],
      [constants.errno.EHOSTUNREACH, 0],
    ];
    socket.event(true);
    expect(one.errors).toEqual([[expect.objectContaining({ code: 'EHOSTUNREACH', syscall: 'recv' }), false]]);
    expect(other.errors).toEqual([[expect.objectContaining({ code: 'ECONNREFUSED', syscall: 'recv' }), false]]);
  });

  test('that concern nobody, or somebody who was released, are told to nobody', async () => {
    const { endpoint, socket } = await openFake();
    const [one, other] = [new Receiver(), new Receiver()];
    endpoint.attach(ipv4(1), one);
    endpoint.attach(ipv4(2), other).release();
    socket.errors = [-1, 1, 7].map((peer) => [ECONNREFUSED, peer]);
    socket.event(true);
    expect([...one.errors, ...other.errors]).toEqual([]);
    expect(socket.errors).toEqual([]);
  });

  test('of one turn of the event loop are limited', async () => {
    const { endpoint, socket } = await openFake();
    const receiver = new Receiver();
    endpoint.attach(ipv4(1), receiver);
    socket.errors = Array.from({ length: MAX_ERRORS + 10 }, () => [ECONNREFUSED, 0]);
    socket.event(true);
    expect(receiver.errors).toHaveLength(MAX_ERRORS);
    socket.event(true);
    expect(receiver.errors).toHaveLength(MAX_ERRORS + 10);
  });
});
