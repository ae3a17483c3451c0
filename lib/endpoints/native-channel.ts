import type { Outlet } from '../transport';
import type { PeerChannel, PeerReceiver } from './endpoint';
import type { Outgoing } from './outgoing';

/** What an endpoint does for its channels. */
export interface ChannelOwner {
  readonly outgoing: Outgoing;
  /**
   * Takes the datagram of `size` bytes that was written at `outgoing.offset`; returns as `Transport.send`. Messages are
   * dropped sooner than what belongs to the protocol.
   */
  commit(channel: NativeChannel, size: number, isMessage: boolean): boolean;
  released(channel: NativeChannel): void;
  /** As `Transport.maxDatagramSize`. */
  maxDatagramSize(channel: NativeChannel): number | undefined;
}

/** One peer of a native endpoint. */
export class NativeChannel implements PeerChannel, Outlet {
  readonly #owner: ChannelOwner;
  readonly #outgoing: Outgoing;
  /** Its number on the socket. */
  readonly peer: number;
  readonly receiver: PeerReceiver;
  /** Somebody was told to wait for `drained`. */
  isOverMark = false;
  /** Datagrams that found the queue full. */
  dropped = 0;
  /** The last of the owner's flushes before this peer's last datagram, by number. */
  lastFlush = -1;

  constructor(owner: ChannelOwner, peer: number, receiver: PeerReceiver) {
    this.#owner = owner;
    this.#outgoing = owner.outgoing;
    this.peer = peer;
    this.receiver = receiver;
  }

  get outlet(): Outlet {
    return this;
  }

  get maxDatagramSize(): number | undefined {
    return this.#owner.maxDatagramSize(this);
  }

  get offset(): number {
    return this.#outgoing.offset;
  }

  reserve(size: number): Buffer {
    return this.#outgoing.reserve(size);
  }

  commit(size: number): boolean {
    return this.#owner.commit(this, size, true);
  }

  send(datagram: Uint8Array): boolean {
    this.reserve(datagram.length).set(datagram, this.offset);
    return this.#owner.commit(this, datagram.length, false);
  }

  drained(): void {
    if (this.dropped > 0) this.receiver.failed(new Error(`${this.dropped} datagrams found the queue full`), false);
    this.dropped = 0;
    this.receiver.drained();
  }

  release(): void {
    this.#owner.released(this);
  }
}
