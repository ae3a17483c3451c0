import type { Outlet } from '../transport';
import type { PeerChannel, PeerReceiver } from './endpoint';
import type { Outgoing } from './outgoing';

/** What an endpoint does for its channels. */
export interface ChannelOwner {
  readonly outgoing: Outgoing;
  /** Takes the datagram of `size` bytes that was written at `outgoing.offset`; returns as `Transport.send`. */
  commit(channel: NativeChannel, size: number): boolean;
  released(channel: NativeChannel): void;
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

  constructor(owner: ChannelOwner, peer: number, receiver: PeerReceiver) {
    this.#owner = owner;
    this.#outgoing = owner.outgoing;
    this.peer = peer;
    this.receiver = receiver;
  }

  get outlet(): Outlet {
    return this;
  }

  get offset(): number {
    return this.#outgoing.offset;
  }

  reserve(size: number): Buffer {
    return this.#outgoing.reserve(size);
  }

  commit(size: number): boolean {
    return this.#owner.commit(this, size);
  }

  send(datagram: Uint8Array): boolean {
    this.reserve(datagram.length).set(datagram, this.offset);
    return this.commit(datagram.length);
  }

  release(): void {
    this.#owner.released(this);
  }
}
