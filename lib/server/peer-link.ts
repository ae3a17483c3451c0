import type { RemoteAddress } from '../address';
import type { PeerChannel } from '../endpoints/endpoint';
import type { Outlet, Transport, TransportReceiver } from '../transport';

/** One association's use of its peer's channel. */
export class PeerLink implements Transport {
  #remote: RemoteAddress;
  #channel: PeerChannel;
  readonly #onClose: () => void;
  #receiver: TransportReceiver | undefined;

  constructor(remote: RemoteAddress, channel: PeerChannel, onClose: () => void) {
    this.#remote = remote;
    this.#channel = channel;
    this.#onClose = onClose;
  }

  get remote(): RemoteAddress {
    return this.#remote;
  }

  get outlet(): Outlet | undefined {
    return this.#channel.outlet;
  }

  get maxDatagramSize(): number | undefined {
    return this.#channel.maxDatagramSize;
  }

  get virtualTime(): boolean | undefined {
    return this.#channel.virtualTime;
  }

  open(receiver: TransportReceiver): void {
    this.#receiver = receiver;
  }

  /** Lets the association answer the hello that its listener verified. */
  start(): void {
    this.#receiver?.opened();
  }

  /** The peer is somewhere else now; its association is to be told. */
  move(remote: RemoteAddress, channel: PeerChannel): void {
    this.#remote = remote;
    this.#channel = channel;
  }

  receive(bytes: Uint8Array, offset: number, length: number): void {
    this.#receiver?.datagram(bytes, offset, length);
  }

  drained(): void {
    this.#receiver?.drained();
  }

  send(datagram: Uint8Array): boolean {
    return this.#channel.send(datagram);
  }

  close(): void {
    this.#receiver = undefined;
    this.#onClose();
  }

  // The server's socket keeps the process alive, not its peers.
  ref(): void {}
  unref(): void {}
}
