import type { RemoteAddress } from '../address';
import { peerKey } from '../endpoints/endpoint';
import { clientHelloRandom } from '../handshake/wire';
import { Peer, type PeerEntry } from './peer';

/** Where a datagram goes that is for no association. */
export type HelloHandler = (datagram: Uint8Array, helloRandom: string | undefined, from: RemoteAddress) => void;

/** Which address belongs to which peer. */
export class PeerTable {
  readonly #peers = new Map<string, Peer>();
  readonly #onHello: HelloHandler;

  constructor(onHello: HelloHandler) {
    this.#onHello = onHello;
  }

  get(address: RemoteAddress): Peer | undefined {
    return this.#peers.get(peerKey(address));
  }

  /** The peer, which a handshake of its address is about to join. */
  open(address: RemoteAddress): Peer {
    const known = this.get(address);
    if (known !== undefined) return known;
    const peer = new Peer(address, (datagram, random) => this.#onHello(datagram, random, address));
    this.#peers.set(peerKey(address), peer);
    return peer;
  }

  /** Leads a datagram to its peer, one of an unknown address to `onHello`. */
  route(datagram: Uint8Array, from: RemoteAddress): void {
    const peer = this.get(from);
    if (peer !== undefined) peer.datagram(datagram, 0, datagram.length);
    else this.#onHello(datagram, clientHelloRandom(datagram), from);
  }

  /** An entry of the peer has ended; with the last one the peer goes. */
  remove(peer: Peer, entry: PeerEntry): void {
    if (!peer.remove(entry)) return;
    this.#peers.delete(peerKey(peer.remote));
    peer.release();
  }

  /** Every association, in handshake or open. */
  entries(): PeerEntry[] {
    return [...this.#peers.values()].flatMap((peer) => peer.entries());
  }
}
