import type { RemoteAddress } from '../address';
import { occupied, type PeerChannel, type PeerReceiver, peerKey } from './endpoint';

/** Sorts datagrams by sender, for endpoints whose sockets know addresses only. */
export class PeerRouter {
  readonly #send: (datagram: Uint8Array, to: RemoteAddress) => boolean;
  readonly #virtualTime: boolean | undefined;
  readonly #channels = new Map<string, RoutedChannel>();

  constructor(send: (datagram: Uint8Array, to: RemoteAddress) => boolean, virtualTime?: boolean) {
    this.#send = send;
    this.#virtualTime = virtualTime;
  }

  /** Throws when somebody is attached to the peer. */
  attach(remote: RemoteAddress, receiver: PeerReceiver): PeerChannel {
    const key = peerKey(remote);
    if (this.#channels.has(key)) throw occupied(remote);
    const onRelease = () => this.#channels.delete(key);
    const channel = new RoutedChannel(remote, receiver, this.#send, onRelease, this.#virtualTime);
    this.#channels.set(key, channel);
    return channel;
  }

  /** False: nobody is attached to the sender. */
  datagram(bytes: Uint8Array, from: RemoteAddress): boolean {
    const channel = this.#channels.get(peerKey(from));
    channel?.receiver.datagram(bytes, 0, bytes.length);
    return channel !== undefined;
  }

  drained(): void {
    for (const channel of this.#channels.values()) channel.drained();
  }

  failed(error: Error, fatal: boolean): void {
    for (const { receiver } of this.#channels.values()) receiver.failed(error, fatal);
  }
}

class RoutedChannel implements PeerChannel {
  readonly outlet = undefined;
  readonly virtualTime: boolean | undefined;
  readonly receiver: PeerReceiver;
  readonly #remote: RemoteAddress;
  readonly #send: (datagram: Uint8Array, to: RemoteAddress) => boolean;
  readonly #onRelease: () => void;
  #isOverMark = false;

  constructor(
    remote: RemoteAddress,
    receiver: PeerReceiver,
    send: (datagram: Uint8Array, to: RemoteAddress) => boolean,
    onRelease: () => void,
    virtualTime: boolean | undefined,
  ) {
    this.#remote = remote;
    this.receiver = receiver;
    this.#send = send;
    this.#onRelease = onRelease;
    this.virtualTime = virtualTime;
  }

  send(datagram: Uint8Array): boolean {
    const taken = this.#send(datagram, this.#remote);
    this.#isOverMark ||= !taken;
    return taken;
  }

  /** Of interest to those whose send went over the mark. */
  drained(): void {
    if (!this.#isOverMark) return;
    this.#isOverMark = false;
    this.receiver.drained();
  }

  release(): void {
    this.#onRelease();
  }
}
