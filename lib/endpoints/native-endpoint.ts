import { getSystemErrorName } from 'node:util';
import { markAsUntransferable } from 'node:worker_threads';
import type { UdpSocket } from '../../binding';
import { hostPort, type RemoteAddress } from '../address';
import { binding } from '../native';
import {
  closedError,
  type Endpoint,
  type EndpointEvents,
  occupied,
  type PeerChannel,
  type PeerReceiver,
  reachableBy,
  type UdpConfig,
} from './endpoint';
import { type ChannelOwner, NativeChannel } from './native-channel';
import { Outgoing } from './outgoing';

/** Mirror native/udp/udp_socket.h. */
const MAX_SLOTS = 32;
const MIN_SLOTS = 2;
const SLOT_SIZE = 64 * 1024 + 192;
const RECEIVED_FIELDS = 4;
/** So many datagrams in one turn of the event loop, then others have theirs; the rest waits in the kernel. */
const MAX_DATAGRAMS_PER_TURN = 256;
/**
 * Answers to what one event brought leave by so many to a peer: it works on them while we go on. All at the end of the
 * event, and both sides would wait for each other in turn. It takes most of what UDP_SEGMENT saves, too.
 */
const ANSWERS_AT_ONCE = 16;
/** The rest is told after the next event. */
const MAX_ERRORS_AT_ONCE = 64;
/**
 * Beyond its mark the queue of a socket that the kernel blocks may take so much memory; then datagrams are lost, as
 * they would be on the way. What belongs to the protocol may have twice as much: it is little, and nobody repeats an
 * alert.
 */
const MAX_BYTES_OVER_MARK = 1024 * 1024;

// One for all endpoints of a thread: what is received is dealt with before the next is read. Pages that no datagram
// reached cost nothing.
let slab = Buffer.alloc(0);

/** New when there is none, or when somebody detached it (`ArrayBuffer.prototype.transfer`). */
function receiveSlab(): Buffer {
  if (slab.length === 0) {
    slab = Buffer.allocUnsafeSlow(MAX_SLOTS * SLOT_SIZE);
    // Listeners see pieces of it, and must not take it along to a worker.
    markAsUntransferable(slab.buffer);
  }
  return slab;
}

const received = new Int32Array(MAX_SLOTS * RECEIVED_FIELDS);

/** A UDP socket that moves many datagrams in one system call; see native/udp. */
export class NativeEndpoint implements Endpoint, ChannelOwner {
  readonly #config: UdpConfig;
  /** The only peer of a connected socket. */
  readonly #remote: RemoteAddress | undefined;
  readonly #socket: UdpSocket;
  /** @internal For its channels, as `commit`, `released` and `maxDatagramSize`. */
  readonly outgoing: Outgoing;
  /** By number. Most sockets have one peer, and V8 takes room for 17 when an empty array grows. */
  readonly #channels: Array<NativeChannel | undefined> = [undefined];
  /** Numbers of released channels. Datagrams that wait may still bear them. */
  #released: number[] = [];
  #events: EndpointEvents | undefined;
  /** Bytes committed in this turn of the event loop. */
  #turnBytes = 0;
  /** Flushes so far, and the peers that datagrams have waited for since. */
  #flushes = 0;
  #waitingPeers = 0;
  /** How many messages the next read asks for: fewer than that came, nothing is left. */
  #slots = MIN_SLOTS;
  #isBlocked = false;
  #isOverMark = false;
  #isInEvent = false;
  #isScheduled = false;
  #onEmpty: (() => void) | undefined;
  #isClosed = false;

  constructor(config: UdpConfig, remote?: RemoteAddress) {
    this.#config = config;
    this.#remote = remote;
    this.#socket = new (binding.UdpSocket as NonNullable<typeof binding.UdpSocket>)();
    this.outgoing = new Outgoing(this.#socket, () => this.#reportError('send'));
  }

  async open(events: EndpointEvents): Promise<void> {
    const { address, port, family, socket } = this.#config;
    const remote = this.#remote;
    this.#check('socket', this.#socket.open(family, socket));
    // connect() chooses an address and a port as well as any.
    const isChosen = port === 0 && (address === '0.0.0.0' || address === '::');
    if (remote === undefined || !isChosen) this.#check('bind', this.#socket.bind(address, port));
    if (remote !== undefined) this.#check('connect', this.#socket.connect(remote.address, remote.port), remote);
    this.#events = events;
    this.#check('poll', this.#socket.start(this.#onEvent));
  }

  address(): RemoteAddress {
    return this.#socket.localAddress();
  }

  attach(remote: RemoteAddress, receiver: PeerReceiver): PeerChannel {
    if (this.#isClosed || this.#onEmpty !== undefined) throw closedError();
    const peer = this.#socket.intern(reachableBy(this.#config.family, remote), remote.port);
    if (peer < 0) throw systemError('attach', 'EINVAL');
    if (this.#channels[peer] !== undefined) throw occupied(remote);
    this.#released = this.#released.filter((number) => number !== peer);
    const channel = new NativeChannel(this, peer, receiver);
    this.#channels[peer] = channel;
    return channel;
  }

  sendTo(datagram: Uint8Array, to: RemoteAddress): void {
    if (!this.#isClosed) this.#socket.sendTo(datagram, reachableBy(this.#config.family, to), to.port);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      const close = (): void => {
        this.#isClosed = true;
        this.#socket.close();
        resolve();
      };
      for (const channel of this.#channels) channel?.receiver.failed(closedError(), true);
      this.#flush();
      if (this.#isBlocked && !this.#isClosed) this.#onEmpty = close;
      else close();
    });
  }

  ref(): void {
    this.#socket.setReferenced(true);
  }

  unref(): void {
    this.#socket.setReferenced(false);
  }

  /** @internal */
  commit(channel: NativeChannel, size: number, isMessage: boolean): boolean {
    const { sendHighWaterMark } = this.#config;
    if (this.#isClosed) return true;
    this.#turnBytes += size;
    const isOverMark = this.#turnBytes > sendHighWaterMark;
    if (isOverMark) this.#isOverMark = channel.isOverMark = true;
    const limit = sendHighWaterMark + (isMessage ? 1 : 2) * MAX_BYTES_OVER_MARK;
    if (this.#isBlocked && this.outgoing.memory > limit) {
      channel.dropped++;
      return !isOverMark;
    }
    if (channel.lastFlush !== this.#flushes) {
      channel.lastFlush = this.#flushes;
      this.#waitingPeers++;
    }
    if (this.outgoing.add(channel.peer, size) || this.#hasAnswers()) this.#flush();
    if (!this.#isScheduled && !this.#isInEvent) {
      this.#isScheduled = true;
      process.nextTick(this.#onTickEnd);
    }
    return !isOverMark;
  }

  /** Enough for each peer; or for all, when none has two that would leave as one. */
  #hasAnswers(): boolean {
    if (!this.#isInEvent || this.#isBlocked) return false;
    const { waiting } = this.outgoing;
    const peers = this.#waitingPeers;
    return waiting >= ANSWERS_AT_ONCE && (waiting === peers || waiting >= ANSWERS_AT_ONCE * peers);
  }

  /** @internal */
  released(channel: NativeChannel): void {
    if (this.#channels[channel.peer] !== channel) return;
    this.#channels[channel.peer] = undefined;
    this.#released.push(channel.peer);
    // At once: whoever awaited close() may end the process, and its close_notify must be out.
    this.#flush();
  }

  /** @internal */
  maxDatagramSize({ peer }: NativeChannel): number | undefined {
    return (!this.#isClosed && this.#socket.maxDatagramSize(peer)) || undefined;
  }

  /** Not in the middle of an event: what was received bears numbers, too. */
  #forget(): void {
    if (this.#isInEvent) return;
    for (const peer of this.#released) this.#socket.forget(peer);
    this.#released.length = 0;
  }

  readonly #onTickEnd = (): void => {
    this.#isScheduled = false;
    this.#endTurn();
  };

  readonly #onEvent = (readable: boolean, writable: boolean): void => {
    this.#isInEvent = true;
    try {
      if (writable) this.#flush();
      if (readable && !this.#isClosed) this.#receive();
    } finally {
      this.#isInEvent = false;
      this.#endTurn();
    }
  };

  /** Flushes. Those who were told to wait hear of it in another turn, so that a sender cannot keep all others out. */
  #endTurn(): void {
    this.#flush();
    if (this.#isBlocked) return;
    this.#turnBytes = 0;
    if (!this.#isOverMark) return;
    this.#isOverMark = false;
    setImmediate(() => this.#drained());
  }

  #drained(): void {
    for (const channel of this.#channels) {
      if (channel === undefined || !channel.isOverMark) continue;
      channel.isOverMark = false;
      channel.drained();
    }
  }

  #flush(): void {
    if (this.#isClosed) return;
    this.#flushes++;
    this.#waitingPeers = 0;
    const wasBlocked = this.#isBlocked;
    this.#isBlocked = !this.outgoing.flush();
    if (wasBlocked !== this.#isBlocked) this.#socket.awaitWritable(this.#isBlocked);
    if (this.#isBlocked) return;
    if (this.#released.length > 0) this.#forget();
    this.#onEmpty?.();
  }

  #receive(): void {
    let datagrams = 0;
    let entries: number;
    let slots: number;
    do {
      slots = this.#slots;
      entries = this.#socket.receive(receiveSlab(), received, slots);
      // A slot costs a little whether it is used or not.
      this.#slots = Math.min(MAX_SLOTS, Math.max(MIN_SLOTS, 2 * entries));
      for (let entry = 0; entry < entries && !this.#isClosed; entry++) datagrams += this.#deliver(entry);
    } while (entries === slots && datagrams < MAX_DATAGRAMS_PER_TURN && !this.#isClosed);
    if (entries === 0) this.#reportError('recv');
  }

  /** Returns how many datagrams the entry held. */
  #deliver(entry: number): number {
    const at = entry * RECEIVED_FIELDS;
    const peer = received[at] as number;
    const offset = received[at + 1] as number;
    const size = received[at + 2] as number;
    const segmentSize = received[at + 3] as number;
    if (segmentSize < 0) return 1;
    const step = segmentSize === 0 ? size : segmentSize;
    let datagrams = 0;
    for (let sent = 0; (sent < size || datagrams === 0) && !this.#isClosed; sent += step) {
      const length = Math.min(step, size - sent);
      datagrams++;
      const channel = peer < 0 ? undefined : this.#channels[peer];
      if (channel !== undefined) channel.receiver.datagram(slab, offset + sent, length);
      else this.#deliverStranger(entry, slab.subarray(offset + sent, offset + sent + length));
    }
    return datagrams;
  }

  /** Strangers are also those who were released since the batch was read: they may begin anew. */
  #deliverStranger(entry: number, datagram: Uint8Array): void {
    if (this.#remote !== undefined) return;
    const from = this.#socket.senderOf(entry);
    // Port 0 is no port to answer to (RFC 768).
    if (from.port !== 0) this.#events?.stranger(datagram, from);
  }

  #reportError(syscall: string): void {
    for (let taken = 0; taken < MAX_ERRORS_AT_ONCE; taken++) {
      const errno = this.#socket.takeError();
      if (errno === 0) return;
      // With nobody to tell, the datagram is lost, as on the way.
      this.#channels[this.#socket.errorPeer()]?.receiver.failed(systemError(syscall, nameOf(errno)), false);
    }
  }

  #check(syscall: string, errno: number, { address, port }: { address: string; port: number } = this.#config): void {
    if (errno === 0) return;
    this.#socket.close();
    throw systemError(syscall, nameOf(errno), hostPort(address, port));
  }
}

function nameOf(errno: number): string {
  return getSystemErrorName(-errno);
}

function systemError(syscall: string, code: string, where?: string): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(
    where === undefined ? `${syscall} ${code}` : `${syscall} ${code} ${where}`,
  );
  error.code = code;
  error.syscall = syscall;
  return error;
}
