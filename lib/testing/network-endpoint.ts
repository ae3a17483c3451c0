import type { RemoteAddress } from '../address';
import { closedError, type Endpoint, type PeerChannel, type PeerReceiver } from '../endpoints/endpoint';
import type { Network } from './network';
import type { NetworkClient } from './network-client';

/** An endpoint over a network. Whoever is attached has an address of its own. */
export class NetworkEndpoint implements Endpoint {
  /** Of everybody who was attached, in order. */
  readonly transports: NetworkClient[] = [];
  readonly random: (() => number) | undefined;
  readonly #network: Network;
  readonly #attached = new Map<NetworkClient, PeerReceiver>();
  #isClosed = false;

  constructor(network: Network, random?: () => number) {
    this.#network = network;
    this.random = random;
  }

  /** How many are attached. */
  get size(): number {
    return this.#attached.size;
  }

  async open(): Promise<void> {}

  address(): RemoteAddress {
    return { address: '192.0.2.99', port: 1, family: 'IPv4' };
  }

  attach(_remote: RemoteAddress, receiver: PeerReceiver): PeerChannel {
    if (this.#isClosed) throw closedError();
    const transport = this.#network.client();
    this.transports.push(transport);
    this.#attached.set(transport, receiver);
    transport.open({
      opened: () => {},
      datagram: (bytes, offset = 0, length = bytes.length) => receiver.datagram(bytes, offset, length),
      drained: () => receiver.drained(),
      failed: (error, fatal) => receiver.failed(error, fatal),
    });
    return {
      outlet: undefined,
      virtualTime: this.#network.virtualTime,
      send: (datagram) => transport.send(datagram),
      release: () => {
        this.#attached.delete(transport);
        transport.close();
      },
    };
  }

  sendTo(): void {}

  /** What everybody's socket says. */
  fail(error: Error, fatal = true): void {
    for (const receiver of this.#attached.values()) receiver.failed(error, fatal);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.fail(closedError());
  }

  ref(): void {}
  unref(): void {}
}
