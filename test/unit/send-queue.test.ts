import type dgram from 'node:dgram';
import { describe, expect, test } from '@jest/globals';
import { literalLookup, SendQueue } from '../../lib/endpoints/send-queue';

type Callback = (error: Error | null) => void;

/** A socket whose kernel takes datagrams when told so. */
class Socket {
  readonly sent: unknown[][] = [];
  readonly #callbacks: Callback[] = [];
  #bytes = 0;

  send(datagram: Uint8Array, ...rest: unknown[]): void {
    this.#callbacks.push(rest.at(-1) as Callback);
    this.#bytes += datagram.length;
    this.sent.push([datagram.length, ...rest.slice(0, -1)]);
  }

  getSendQueueSize(): number {
    return this.#bytes;
  }

  /** The kernel took everything, or refused the last datagram. */
  flush(error: Error | null = null): void {
    const callbacks = this.#callbacks.splice(0);
    this.#bytes = 0;
    for (const [i, callback] of callbacks.entries()) callback(i === callbacks.length - 1 ? error : null);
  }
}

function make(highWaterMark: number) {
  const socket = new Socket();
  const events: unknown[] = [];
  const queue = new SendQueue(socket as unknown as dgram.Socket, highWaterMark, {
    drained: () => events.push('drained'),
    failed: (error) => events.push(error),
  });
  return { socket, events, queue };
}

describe('a send queue', () => {
  test('is over its mark with the first byte above it, and tells once when it is empty', () => {
    const { socket, events, queue } = make(100);
    expect(queue.send(Buffer.alloc(100))).toBe(true);
    expect(queue.send(Buffer.alloc(1))).toBe(false);
    expect(queue.send(Buffer.alloc(1))).toBe(false);
    socket.flush();
    expect(events).toEqual(['drained']);
    expect(queue.send(Buffer.alloc(1))).toBe(true);
    socket.flush();
    expect(events).toEqual(['drained']);
  });

  test('says nothing when it never was over its mark', () => {
    const { socket, events, queue } = make(100);
    queue.send(Buffer.alloc(100));
    socket.flush();
    expect(events).toEqual([]);
  });

  test('tells what the kernel refused', () => {
    const { socket, events, queue } = make(100);
    const error = new Error('ENOBUFS');
    queue.send(Buffer.alloc(1));
    socket.flush(error);
    expect(events).toEqual([error]);
  });

  test('calls back when everything has left, at once when nothing waits', () => {
    const { socket, events, queue } = make(0);
    queue.whenEmpty(() => events.push('empty'));
    expect(events).toEqual(['empty']);
    queue.send(Buffer.alloc(1));
    queue.send(Buffer.alloc(1));
    queue.whenEmpty(() => events.push('empty again'));
    expect(events).toEqual(['empty']);
    socket.flush(new Error('nobody wants to know any more'));
    expect(events).toEqual(['empty', 'empty again']);
  });

  test('names the peer unless the socket is connected', () => {
    const { socket, queue } = make(0);
    queue.send(Buffer.alloc(3));
    queue.send(Buffer.alloc(4), 5684, '192.0.2.1');
    expect(socket.sent).toEqual([[3], [4, 5684, '192.0.2.1']]);
  });
});

test('a literal address needs no resolver', () => {
  const answers: unknown[][] = [];
  literalLookup('192.0.2.1', {}, (...answer) => answers.push(answer));
  literalLookup('::1', {}, (...answer) => answers.push(answer));
  expect(answers).toEqual([
    [null, '192.0.2.1', 4],
    [null, '::1', 6],
  ]);
});
