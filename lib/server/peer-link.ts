import type { RemoteAddress } from '../address';
import type { ServerTransport, Transport, TransportReceiver } from '../transport';

/** A peer's share of its server's socket, as the transport of one association. */
export class PeerLink implements Transport {
  readonly remote: RemoteAddress;
  readonly #socket: ServerTransport;
  readonly #onClose: () => void;
  #receiver: TransportReceiver | undefined;
  #overMark = false;

  constructor(remote: RemoteAddress, socket: ServerTransport, onClose: () => void) {
    this.remote = remote;
    this.#socket = socket;
    this.#onClose = onClose;
  }

  open(receiver: TransportReceiver): void {
    this.#receiver = receiver;
  }

  /** Lets the association answer the hello that its listener verified. */
  start(): void {
    this.#receiver?.opened();
  }

  receive(datagram: Uint8Array): void {
    this.#receiver?.datagram(datagram);
  }

  /** The socket's queue is empty again: of interest to those whose send went over its mark. */
  drained(): void {
    if (!this.#overMark) return;
    this.#overMark = false;
    this.#receiver?.drained();
  }

  send(datagram: Uint8Array): boolean {
    const taken = this.#socket.send(datagram, this.remote);
    this.#overMark ||= !taken;
    return taken;
  }

  close(): void {
    this.#receiver = undefined;
    this.#onClose();
  }

  // The server's socket keeps the process alive, not its peers.
  ref(): void {}
  unref(): void {}
}
