import { createSocket } from 'node:dgram';
import type { RemoteAddress, Transport, TransportReceiver } from '../../index';

/** UDP over a network that loses one datagram of the client: the `loses`-th that it sends, counted from 1. */
export class LossyTransport implements Transport {
  readonly remote: RemoteAddress;
  readonly #socket = createSocket('udp4');
  readonly #loses: number;
  readonly #onLoss: (size: number) => void;
  #sent = 0;

  constructor(remote: RemoteAddress, loses: number, onLoss: (size: number) => void) {
    this.remote = remote;
    this.#loses = loses;
    this.#onLoss = onLoss;
  }

  open(receiver: TransportReceiver): void {
    this.#socket.on('error', (error) => receiver.failed(error, false));
    this.#socket.on('message', (datagram) => receiver.datagram(datagram));
    this.#socket.connect(this.remote.port, this.remote.address, () => receiver.opened());
  }

  send(datagram: Uint8Array): boolean {
    if (++this.#sent === this.#loses) this.#onLoss(datagram.length);
    else this.#socket.send(datagram);
    return true;
  }

  close(): Promise<void> {
    this.#socket.removeAllListeners('message');
    return new Promise((resolve) => this.#socket.close(resolve));
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }
}
