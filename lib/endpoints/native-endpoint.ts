import { getSystemErrorName } from 'node:util';
import type { UdpSocket } from '../../binding';
import type { RemoteAddress } from '../address';
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
/** The rest is told after the next event. */
const MAX_ERRORS_AT_ONCE = 64;
/** Beyond its mark a queue takes so many bytes more; then datagrams are lost, as they would be on the way. */
const MAX_BYTES_OVER_MARK = 1024 * 1024;

// One for all endpoints of a thread: what is received is dealt with before the next is read. Pages that no datagram
// reached cost nothing.
let slab = Buffer.alloc(0);
const received = new Int32Array(MAX_SLOTS * RECEIVED_FIELDS);

/** A UDP socket that moves many datagrams in one system call; see native/udp. */
export class NativeEndpoint implements Endpoint, ChannelOwner {
  readonly #config: UdpConfig;
  /** The only peer of a connected socket. */
  readonly #remote: RemoteAddress | undefined;
  readonly #socket: UdpSocket;
  /** @internal For its channels, as `commit` and `released`. */
  readonly outgoing: Outgoing;
  readonly #channels: Array<NativeChannel | undefined> = [];
  /** Numbers of released channels. Datagrams that wait may still bear them. */
  #released: number[] = [];
  #events: EndpointEvents | undefined;
  /** Bytes committed in this turn of the event loop. */
  #turnBytes = 0;
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
    if (slab.length === 0) slab = Buffer.allocUnsafeSlow(MAX_SLOTS * SLOT_SIZE);
    this.#check('socket', this.#socket.open(family, socket));
    // connect() chooses an address and a port as well as any.
    const isChosen = port === 0 && (address === '0.0.0.0' || address === '::');
    if (remote === undefined || !isChosen) this.#check('bind', this.#socket.bind(address, port));
    if (remote !== undefined) this.#check('connect', this.#socket.connect(remote.address, remote.port));
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
  commit(channel: NativeChannel, size: number): boolean {
    const { sendHighWaterMark } = this.#config;
    this.#turnBytes += size;
    const isOverMark = this.#turnBytes > sendHighWaterMark;
    if (isOverMark) this.#isOverMark = channel.isOverMark = true;
    // Whoever is told to wait and goes on loses datagrams, as on the way.
    const isFull = this.#isBlocked && this.outgoing.size > sendHighWaterMark + MAX_BYTES_OVER_MARK;
    if (isFull || this.#isClosed) return !isOverMark;
    if (this.outgoing.add(channel.peer, size)) this.#flush();
    if (!this.#isScheduled && !this.#isInEvent) {
      this.#isScheduled = true;
      process.nextTick(this.#onTickEnd);
    }
    return !isOverMark;
  }

  /** @internal */
  released(channel: NativeChannel): void {
    if (this.#channels[channel.peer] !== channel) return;
    this.#channels[channel.peer] = undefined;
    this.#released.push(channel.peer);
    if (this.outgoing.size === 0) this.#forget();
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
    setImmediate(this.#onDrained);
  }

  readonly #onDrained = (): void => {
    for (const channel of this.#channels) {
      if (channel === undefined || !channel.isOverMark) continue;
      channel.isOverMark = false;
      channel.receiver.drained();
    }
  };

  #flush(): void {
    if (this.#isClosed) return;
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
      entries = this.#socket.receive(slab, received, slots);
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
    const from = peer < 0 ? this.#socket.senderOf(entry) : undefined;
    const step = segmentSize === 0 ? size : segmentSize;
    let datagrams = 0;
    for (let sent = 0; sent < size || datagrams === 0; sent += step) {
      const length = Math.min(step, size - sent);
      datagrams++;
      if (from === undefined) this.#channels[peer]?.receiver.datagram(slab, offset + sent, length);
      // Port 0 is no port to answer to (RFC 768).
      else if (from.port !== 0) this.#events?.stranger(slab.subarray(offset + sent, offset + sent + length), from);
    }
    return datagrams;
  }

  #reportError(syscall: string): void {
    for (let taken = 0; taken < MAX_ERRORS_AT_ONCE; taken++) {
      const errno = this.#socket.takeError();
      if (errno === 0) return;
      // With nobody to tell, the datagram is lost, as on the way.
      this.#channels[this.#socket.errorPeer()]?.receiver.failed(systemError(syscall, nameOf(errno)), false);
    }
  }

  #check(syscall: string, errno: number): void {
    if (errno === 0) return;
    const { address, port } = this.#config;
    this.#socket.close();
    throw systemError(syscall, nameOf(errno), `${address}:${port}`);
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
