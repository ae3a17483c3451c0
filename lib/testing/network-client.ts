import type { RemoteAddress } from '../address';
import type { Transport, TransportReceiver } from '../transport';
import type { Network } from './network';

/** A client's end of a network: the `transport` of `connect`. */
export class NetworkClient implements Transport {
  readonly remote: RemoteAddress;
  readonly virtualTime: boolean;
  /** What `send` returns: false as if a queue were over its mark. */
  taken = true;
  /** Whether it would keep a process alive, had it a socket. */
  referenced = true;
  readonly #network: Network;
  #isPluggedIn = true;
  #address: RemoteAddress;
  #receiver: TransportReceiver | undefined;

  /** @internal */
  constructor(network: Network, address: RemoteAddress) {
    this.#network = network;
    this.#address = address;
    this.remote = network.server.address();
    this.virtualTime = network.virtualTime;
  }

  /** @internal */
  get receiver(): TransportReceiver | undefined {
    return this.#receiver;
  }

  /** As the server sees it. A NAT may change it at any time: assign another one, or `rebind`. */
  get address(): RemoteAddress {
    return this.#address;
  }

  set address(address: RemoteAddress) {
    this.#network.detach(this);
    this.#address = address;
    if (this.#isPluggedIn) this.#network.attach(this);
  }

  /**
   * What a NAT does that has forgotten its mapping: another port of the same address. What is sent to the old one is
   * lost.
   */
  rebind(): void {
    this.address = { ...this.#address, port: this.#network.nextPort() };
  }

  open(receiver: TransportReceiver): void {
    this.#receiver = receiver;
    if (this.#isPluggedIn) this.#network.attach(this);
    setImmediate(() => this.#receiver?.opened());
  }

  send(datagram: Uint8Array): boolean {
    const from = this.#address;
    const { toServer } = this.#network;
    if (this.#isPluggedIn) toServer.carry(datagram, from, (bytes) => this.#network.arriveAtServer(bytes, from));
    return this.taken;
  }

  /** From now on nothing passes in either direction: the client is switched off, say. */
  unplug(): void {
    this.#isPluggedIn = false;
    this.#network.detach(this);
  }

  plugIn(): void {
    this.#isPluggedIn = true;
    this.#network.attach(this);
  }

  close(): void {
    this.#receiver = undefined;
    this.#network.detach(this);
  }

  ref(): void {
    this.referenced = true;
  }

  unref(): void {
    this.referenced = false;
  }
}
