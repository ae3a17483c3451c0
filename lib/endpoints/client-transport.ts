import type { RemoteAddress } from '../address';
import type { Outlet, Transport, TransportReceiver } from '../transport';
import type { Endpoint, EndpointEvents, PeerChannel } from './endpoint';

/** A client's way to its peer over an endpoint, its own or one that it shares. */
export class ClientTransport implements Transport, EndpointEvents {
  readonly remote: RemoteAddress;
  readonly #endpoint: Endpoint;
  readonly #isShared: boolean;
  #receiver: TransportReceiver | undefined;
  #channel: PeerChannel | undefined;
  #isClosed = false;

  constructor(endpoint: Endpoint, remote: RemoteAddress, isShared: boolean) {
    this.#endpoint = endpoint;
    this.remote = remote;
    this.#isShared = isShared;
  }

  get outlet(): Outlet | undefined {
    return this.#channel?.outlet;
  }

  get maxDatagramSize(): number | undefined {
    return this.#channel?.maxDatagramSize;
  }

  get virtualTime(): boolean | undefined {
    return this.#channel?.virtualTime;
  }

  open(receiver: TransportReceiver): void {
    this.#receiver = receiver;
    const opened = this.#isShared ? Promise.resolve() : this.#endpoint.open(this);
    opened
      .then(() => {
        if (!this.#isClosed) this.#channel = this.#endpoint.attach(this.remote, receiver);
      })
      .then(
        () => receiver.opened(),
        (error) => receiver.failed(error, true),
      );
  }

  /** Of an endpoint that has one peer. */
  stranger(): void {}

  failed(error: Error): void {
    this.#receiver?.failed(error, true);
  }

  send(datagram: Uint8Array): boolean {
    return this.#channel?.send(datagram) ?? true;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#channel?.release();
    this.#channel = undefined;
    return this.#isShared ? Promise.resolve() : this.#endpoint.close();
  }

  ref(): void {
    if (!this.#isShared) this.#endpoint.ref();
  }

  unref(): void {
    if (!this.#isShared) this.#endpoint.unref();
  }
}
