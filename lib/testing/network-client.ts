import type { RemoteAddress } from '../address';
import { boolean, checkMethods } from '../options/check';
import type { Transport, TransportReceiver } from '../transport';
import { checkAddress, checkDatagram } from './arguments';
import type { Network } from './network';

/**
 * A client's end of a network: the `transport` of `connect`. What is assigned and what the methods are given throws
 * `ERR_DTLS_OPTION` when it cannot be used.
 */
export class NetworkClient implements Transport {
  readonly remote: RemoteAddress;
  readonly virtualTime: boolean;
  readonly #network: Network;
  #isTaken = true;
  #isReferenced = true;
  #isPluggedIn = true;
  #address: RemoteAddress;
  #receiver: TransportReceiver | undefined;

  /** @internal */
  constructor(network: Network, address: RemoteAddress) {
    checkAddress('address', address);
    this.#network = network;
    this.#address = address;
    this.remote = network.server.address();
    this.virtualTime = network.virtualTime;
  }

  /** @internal */
  get receiver(): TransportReceiver | undefined {
    return this.#receiver;
  }

  /** What `send` returns: false as if a queue were over its mark, until `drain`. */
  get taken(): boolean {
    return this.#isTaken;
  }

  set taken(taken: boolean) {
    this.#isTaken = boolean('taken', taken);
  }

  /** The queue is empty again. */
  drain(): void {
    this.#isTaken = true;
    this.#receiver?.drained();
  }

  /** Whether it would keep a process alive, had it a socket. */
  get referenced(): boolean {
    return this.#isReferenced;
  }

  /** As the server sees it. A NAT may change it at any time: assign another one, or `rebind`. */
  get address(): RemoteAddress {
    return this.#address;
  }

  set address(address: RemoteAddress) {
    checkAddress('address', address);
    this.#network.detach(this);
    this.#address = address;
    if (this.#isPluggedIn) this.#network.attach(this);
  }

  /**
   * What a NAT does that has forgotten its mapping: another port of the same address. What is sent to the old one is
   * lost.
   */
  rebind(): void {
    this.address = { ...this.#address, port: this.#network.nextPort(this.#address.address) };
  }

  open(receiver: TransportReceiver): void {
    checkMethods('receiver', receiver, ['opened', 'datagram', 'drained', 'failed']);
    this.#receiver = receiver;
    if (this.#isPluggedIn) this.#network.attach(this);
    setImmediate(() => this.#receiver?.opened());
  }

  /** Throws `ERR_DTLS_CALLBACK` when the rule of `toServer` fails. */
  send(datagram: Uint8Array): boolean {
    checkDatagram('send', datagram);
    const from = this.#address;
    const { toServer } = this.#network;
    if (this.#isPluggedIn) toServer.carry(datagram, from, (bytes) => this.#network.arriveAtServer(bytes, from));
    return this.#isTaken;
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
    this.#isReferenced = true;
  }

  unref(): void {
    this.#isReferenced = false;
  }
}
