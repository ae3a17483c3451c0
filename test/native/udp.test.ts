import { constants } from 'node:os';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Binding, UdpSocket, UdpSocketOptions } from '../../binding';
import { binding } from '../../lib/native';
import { ownPort, refusingPort, udpSocket } from '../support/udp';
import * as udp from './children/udp.cjs';

const { EAFNOSUPPORT, EADDRINUSE, EBADF, ECONNREFUSED, EINVAL } = constants.errno;
const { send, take } = udp;

const sockets: UdpSocket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

function bare(): UdpSocket {
  const socket = new (binding as Required<Binding>).UdpSocket();
  sockets.push(socket);
  return socket;
}

function bound(options: Partial<UdpSocketOptions> = {}): UdpSocket {
  const socket = udp.bound(binding, options);
  sockets.push(socket);
  return socket;
}

/** Two sockets, and the number that the second has for the first. */
function pair(): { from: UdpSocket; to: UdpSocket; peer: number } {
  const [from, to] = [bound(), bound()];
  return { from, to, peer: udp.know(from, to) };
}

/** Starts the socket; resolves with the first event that `isAwaited` says yes to. */
function event(
  socket: UdpSocket,
  isAwaited: (readable: boolean, writable: boolean) => boolean = (readable) => readable,
): Promise<void> {
  return new Promise((resolve) => {
    socket.start((readable, writable) => {
      if (isAwaited(readable, writable)) resolve();
    });
  });
}

describe('a native UDP socket', () => {
  test('takes a batch of datagrams and calls the receiver back, who finds them with the number of their sender', async () => {
    const { from, to, peer } = pair();
    const number = udp.know(to, from);
    const { port } = from.localAddress();
    expect(send(from, peer, 'one', 'two', 'three')).toBe(3);
    const arrived: ReturnType<typeof take> = [];
    await event(to, () => arrived.push(...take(to)) === 3);
    expect(arrived).toEqual(['one', 'two', 'three'].map((text) => ({ peer: number, port, text })));
  });

  test('names senders whom it was not asked to know', async () => {
    const { from, to, peer } = pair();
    send(from, peer, 'hello');
    await event(to);
    expect(take(to)).toEqual([{ peer: -1, port: from.localAddress().port, text: 'hello' }]);
    expect(to.senderOf(0)).toEqual(from.localAddress());
  });

  test('sends a part of what it is given: from an offset, and from an entry on', async () => {
    const { from, to, peer } = pair();
    const outgoing = Int32Array.from([peer, 2, peer, 3, peer, 1]);
    expect(from.send(Buffer.from('-aabbbc'), 3, outgoing, 1, 1)).toBe(1);
    await event(to);
    expect(take(to)).toMatchObject([{ text: 'bbb' }]);
  });

  test('sends one datagram to anybody', async () => {
    const { from, to } = pair();
    const { address, port } = to.localAddress();
    expect(from.sendTo(Buffer.from('hello'), address, port)).toBe(0);
    await event(to);
    expect(take(to)).toMatchObject([{ text: 'hello' }]);
  });

  test('tells when there is room again, as long as that is asked for', async () => {
    const { from, to, peer } = pair();
    from.awaitWritable(true);
    await event(from, (_readable, writable) => writable);
    from.awaitWritable(false);
    const events: boolean[][] = [];
    const arrived = event(to, () => take(to).length > 0);
    from.close();
    const other = bound();
    other.start((...flags) => events.push(flags));
    other.awaitWritable(true);
    other.awaitWritable(false);
    send(other, udp.know(other, to), 'hello');
    await arrived;
    expect(events).toEqual([]);
    expect(peer).toBe(0);
  });

  test('calls back again for what was left', async () => {
    const { from, to, peer } = pair();
    send(from, peer, 'one', 'two!');
    const slab = new Uint8Array(udp.SLOT_SIZE);
    let entries = 0;
    await event(to, () => {
      entries += to.receive(slab, new Int32Array(4), 1);
      return entries === 2;
    });
  });

  test('tells the error of a connected peer that refuses, and goes on', async () => {
    const port = await refusingPort();
    const socket = bound();
    udp.check(socket.connect('127.0.0.1', port));
    let isReadable: () => void = () => {};
    const readable = () =>
      new Promise<void>((resolve) => {
        isReadable = resolve;
      });
    let next = readable();
    socket.start(() => isReadable());
    for (let round = 0; round < 3; round++) {
      // Met by the message before, a datagram is sent all the same.
      send(socket, 0, 'hello');
      await next;
      next = readable();
      expect(take(socket)).toEqual([]);
      expect([socket.takeError(), socket.errorPeer(), socket.takeError()]).toEqual([ECONNREFUSED, 0, 0]);
    }
  });

  test('says whom a refusal concerns when it is asked to', async () => {
    const port = await refusingPort();
    const socket = bound({ reportIcmp: true });
    const good = udp.know(socket, bound());
    const bad = socket.intern('127.0.0.1', port);
    const told = event(socket);
    send(socket, good, 'hello');
    send(socket, bad, 'hello');
    await told;
    expect(take(socket)).toEqual([]);
    expect([socket.takeError(), socket.errorPeer(), socket.takeError()]).toEqual([ECONNREFUSED, bad, 0]);
  });

  test('marks the number of datagrams that are done with when there is an error to tell', () => {
    const { from, peer } = pair();
    expect(send(from, peer + 1, 'to nobody')).toBe(~1);
    expect(from.takeError()).not.toBe(0);
    expect(send(from, peer, 'hello')).toBe(1);
  });

  test('returns the errno of what fails', async () => {
    const taken = (await udpSocket()).address().port;
    const socket = bare();
    expect(socket.bind('127.0.0.1', 0)).toBe(EBADF);
    expect(socket.open(4, udp.DEFAULTS)).toBe(0);
    expect(socket.bind('127.0.0.1', taken)).toBe(EADDRINUSE);
    expect(socket.connect('::1', 9)).toBe(EAFNOSUPPORT);
    expect(socket.bind('nowhere', 0)).toBe(EINVAL);
    expect(socket.connect('nowhere', 9)).toBe(EINVAL);
    expect(socket.sendTo(Buffer.from('hello'), 'nowhere', 9)).toBe(EINVAL);
    expect(socket.intern('nowhere', 9)).toBe(-1);
  });

  test('tells its address and what it makes use of', () => {
    const socket = bound();
    expect(socket.localAddress()).toEqual({ address: '127.0.0.1', port: expect.any(Number), family: 'IPv4' });
    expect(bound({ gso: false, mmsg: false, gro: false }).features()).toEqual({ gso: false, gro: false, mmsg: false });
    expect(socket.features().mmsg).toBe(true);
  });

  test('gives a peer one number, and the number of a forgotten peer to the next', () => {
    const socket = bound();
    expect(socket.intern('192.0.2.1', 1)).toBe(0);
    expect(socket.intern('192.0.2.1', 2)).toBe(1);
    expect(socket.intern('192.0.2.1', 1)).toBe(0);
    socket.forget(0);
    expect(socket.intern('192.0.2.1', 3)).toBe(0);
  });

  test('knows how much the path to a peer carries, and nothing of others', () => {
    const socket = bound();
    // What fits an IPv4 packet of 65,535 bytes.
    expect(socket.maxDatagramSize(socket.intern('127.0.0.1', 9))).toBe(65_507);
    expect(socket.maxDatagramSize(1)).toBe(0);
    expect(socket.maxDatagramSize(-1)).toBe(0);
  });
});

describe('misuse of a native UDP socket throws:', () => {
  test('open of an open one, or of one that was used and closed', () => {
    const socket = bound();
    expect(() => socket.open(4, udp.DEFAULTS)).toThrow('the UDP socket was opened already');
    socket.start(() => {});
    socket.close();
    expect(() => socket.open(4, udp.DEFAULTS)).toThrow('the UDP socket was opened already');
  });

  test('start before open, twice, after close, and without a callback', () => {
    const callback = () => {};
    expect(() => bare().start(callback)).toThrow('the UDP socket cannot start');
    const socket = bound();
    expect(() => socket.start(undefined as never)).toThrow('the UDP socket cannot start');
    expect(socket.start(callback)).toBe(0);
    expect(() => socket.start(callback)).toThrow('the UDP socket cannot start');
    socket.close();
    expect(() => socket.start(callback)).toThrow('the UDP socket cannot start');
  });

  test('send of datagrams that are not there', () => {
    const { from, peer } = pair();
    const outgoing = Int32Array.from([peer, 4, peer, 4]);
    const bytes = Buffer.alloc(8);
    for (const [first, count] of [
      [0, 3],
      [1, 2],
      [2, 1],
      [2 ** 32 - 1, 1],
      [1, 2 ** 32 - 1],
    ] as const) {
      expect(() => from.send(bytes, 0, outgoing, first, count)).toThrow('no such datagram');
    }
  });

  test('send of bytes that are not there', () => {
    const { from, peer } = pair();
    for (const [size, offset, sizes] of [
      [8, 0, [4, 5]],
      [8, 1, [4, 4]],
      [8, 9, [1, 1]],
      [8, 0, [2 ** 31 - 1, 2 ** 31 - 1]],
      [8, 0, [-1, 4]],
      [8, 0, [9, -4]],
    ] as const) {
      const outgoing = Int32Array.from(sizes.flatMap((each) => [peer, each]));
      expect(() => from.send(Buffer.alloc(size), offset, outgoing, 0, 2)).toThrow('no such datagram');
    }
    expect(from.send(Buffer.alloc(8), 0, Int32Array.from([peer, 4, peer, 4]), 0, 2)).toBe(2);
    expect(from.send(Buffer.alloc(8), 8, Int32Array.from([peer, 0]), 0, 1)).toBe(1);
  });
});

describe('close', () => {
  test('may be called again, before start, and before open', () => {
    for (const socket of [bare(), bound()]) {
      socket.close();
      socket.close();
    }
    const started = bound();
    started.start(() => {});
    started.close();
    started.close();
  });

  test('releases the port at once', () => {
    for (let round = 0; round < 3; round++) {
      const socket = bare();
      socket.open(4, udp.DEFAULTS);
      expect(socket.bind('127.0.0.1', ownPort())).toBe(0);
      socket.start(() => {});
      socket.close();
    }
  });

  test('leaves every verb harmless', () => {
    const { from, peer } = pair();
    from.start(() => {});
    from.close();
    expect(from.bind('127.0.0.1', 0)).toBe(EBADF);
    expect(from.connect('127.0.0.1', 9)).toBe(EBADF);
    expect(send(from, peer, 'hello')).toBe(~1);
    expect(from.takeError()).toBe(EBADF);
    expect(from.sendTo(Buffer.from('hello'), '127.0.0.1', 9)).toBe(EBADF);
    expect(take(from)).toEqual([]);
    from.awaitWritable(true);
    from.setReferenced(false);
    from.forget(peer);
  });

  test('ends the callbacks', async () => {
    const { from, to, peer } = pair();
    let events = 0;
    to.start(() => events++);
    send(from, peer, 'hello');
    to.close();
    const [other, last] = [bound(), bound()];
    send(other, udp.know(other, last), 'behind it');
    await event(last);
    expect(events).toBe(0);
  });

  test('may be called in the callback, which is the last then', async () => {
    const { from, to, peer } = pair();
    const other = bound();
    send(from, peer, 'hello');
    let events = 0;
    await new Promise<void>((resolve) => {
      to.start(() => {
        events++;
        to.close();
        resolve();
      });
    });
    send(from, udp.know(from, other), 'behind it');
    await event(other);
    expect(events).toBe(1);
  });

  test('may be called in the callback of another socket that has an event in the same turn', async () => {
    const sender = bound();
    const pairOf = [bound(), bound()];
    const events: number[] = [];
    const first = new Promise<void>((resolve) => {
      for (const [i, socket] of pairOf.entries()) {
        socket.start(() => {
          events.push(i);
          for (const each of pairOf) each.close();
          resolve();
        });
      }
    });
    for (const socket of pairOf) send(sender, udp.know(sender, socket), 'hello');
    await first;
    const last = bound();
    send(sender, udp.know(sender, last), 'behind it');
    await event(last);
    expect(events).toHaveLength(1);
  });
});
