import { constants } from 'node:os';
import { afterEach, jest } from '@jest/globals';
import type { Binding, UdpSocket, UdpSocketOptions } from '../../binding';
import { binding } from '../../lib/native';

/** What waits to be received: one datagram, or several of `segmentSize` bytes in one piece; -1: it was truncated. */
export interface Arrival {
  /** Default: a stranger. */
  peer?: number;
  from?: { address: string; port: number; family: 'IPv4' | 'IPv6' };
  bytes: Uint8Array;
  segmentSize?: number;
}

const STRANGER = { address: '192.0.2.99', port: 5684, family: 'IPv4' } as const;
const SLOT_SIZE = 65_728;

/** A native UDP socket whose kernel is the test. */
export class FakeUdpSocket implements UdpSocket {
  /** What the kernel took. */
  readonly sent: Array<{ peer: number; text: string }> = [];
  readonly sentTo: string[] = [];
  /** Datagrams that the kernel takes before its buffer is full. */
  room = Number.POSITIVE_INFINITY;
  /** What `takeError` tells, with the number of the peer. */
  errors: Array<[errno: number, peer: number]> = [];
  arrivals: Arrival[] = [];
  /** Calls of `receive`, `send` and `awaitWritable`. */
  receives = 0;
  sends = 0;
  /** What `maxDatagramSize` tells of each peer, by its number. */
  carried: number[] = [];
  awaitWritableCalls = 0;
  awaitsWritable = false;
  isReferenced = true;
  isOpen = false;
  /** An errno for a verb. */
  failures: Partial<Record<'open' | 'bind' | 'connect' | 'start', number>> = {};
  options: UdpSocketOptions | undefined;
  bound: [address: string, port: number] | undefined;
  #onEvent: ((readable: boolean, writable: boolean) => void) | undefined;
  readonly #peers: string[] = [];
  #received: Arrival[] = [];
  #errorPeer = -1;

  /** The event loop: datagrams wait, there is room. */
  event(readable: boolean, writable = false): void {
    this.#onEvent?.(readable, writable);
  }

  get peers(): readonly string[] {
    return this.#peers.filter((peer) => peer !== '');
  }

  open(_family: 4 | 6, options: UdpSocketOptions): number {
    this.options = options;
    this.isOpen = this.failures.open === undefined;
    return this.failures.open ?? 0;
  }

  bind(address: string, port: number): number {
    this.bound = [address, port];
    return this.failures.bind ?? 0;
  }

  connect(address: string, port: number): number {
    this.intern(address, port);
    return this.failures.connect ?? 0;
  }

  start(onEvent: (readable: boolean, writable: boolean) => void): number {
    this.#onEvent = onEvent;
    return this.failures.start ?? 0;
  }

  awaitWritable(awaited: boolean): void {
    this.awaitWritableCalls++;
    this.awaitsWritable = awaited;
  }

  localAddress() {
    return { address: '192.0.2.1', port: 22334, family: 'IPv4' } as const;
  }

  features() {
    return { gso: true, gro: true, mmsg: true };
  }

  intern(address: string, port: number): number {
    const peer = `${address}|${port}`;
    if (!this.#peers.includes(peer)) {
      const free = this.#peers.indexOf('');
      this.#peers[free < 0 ? this.#peers.length : free] = peer;
    }
    return this.#peers.indexOf(peer);
  }

  forget(peer: number): void {
    this.#peers[peer] = '';
  }

  maxDatagramSize(peer: number): number {
    return this.carried[peer] ?? 0;
  }

  receive(slab: Uint8Array, received: Int32Array, slots: number): number {
    this.receives++;
    this.#received = this.arrivals.splice(0, slots);
    for (const [entry, { peer = -1, bytes, segmentSize = 0 }] of this.#received.entries()) {
      slab.set(bytes, entry * SLOT_SIZE);
      received.set([peer, entry * SLOT_SIZE, bytes.length, segmentSize], 4 * entry);
    }
    return this.#received.length;
  }

  senderOf(entry: number) {
    return this.#received[entry]?.from ?? STRANGER;
  }

  send(bytes: Uint8Array, offset: number, outgoing: Int32Array, first: number, count: number): number {
    this.sends++;
    const done = Math.min(count, this.room);
    this.room -= done;
    let at = offset;
    for (let i = first; i < first + done; i++) {
      const size = outgoing[2 * i + 1] as number;
      const text = Buffer.from(bytes.subarray(at, at + size)).toString('latin1');
      this.sent.push({ peer: outgoing[2 * i] as number, text });
      at += size;
    }
    return this.errors.length > 0 ? ~done : done;
  }

  sendTo(datagram: Uint8Array, address: string, port: number): number {
    this.sentTo.push(`${Buffer.from(datagram)} to ${address}|${port}`);
    return 0;
  }

  takeError(): number {
    const [errno, peer] = this.errors.shift() ?? [0, -1];
    this.#errorPeer = peer;
    return errno;
  }

  errorPeer(): number {
    return this.#errorPeer;
  }

  setReferenced(referenced: boolean): void {
    this.isReferenced = referenced;
  }

  close(): void {
    this.isOpen = false;
  }
}

export const { ECONNREFUSED, ENOBUFS } = constants.errno;

/** For a test: each native socket made from now on is a fake one; they are in the list. */
export function fakeUdpSockets(configure: (socket: FakeUdpSocket) => void = () => {}): FakeUdpSocket[] {
  const sockets: FakeUdpSocket[] = [];
  jest.spyOn(binding as Required<Binding>, 'UdpSocket').mockImplementation(() => {
    const socket = new FakeUdpSocket();
    configure(socket);
    sockets.push(socket);
    return socket;
  });
  return sockets;
}

afterEach(() => {
  jest.restoreAllMocks();
});
