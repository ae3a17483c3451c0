import type { RemoteAddress } from '../address';
import { type Endpoint, peerKey } from '../endpoints/endpoint';
import { Peer, type PeerEntry } from './peer';

/** Where a hello goes that begins something new. */
export type HelloHandler = (datagram: Uint8Array, helloRandom: string, from: RemoteAddress) => void;

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

  /** The peer, which something is about to join, with its way through the endpoint; throws when there is none. */
  open(address: RemoteAddress, endpoint: Endpoint): Peer {
    const known = this.get(address);
    if (known !== undefined) return known;
    const peer = new Peer(address, (datagram, random) => this.#onHello(datagram, random, address));
    peer.channel(endpoint);
    this.#peers.set(peerKey(address), peer);
    return peer;
  }

  /** An entry has ended, or moves; with the last one its peer goes. */
  remove(entry: PeerEntry): void {
    const { peer } = entry;
    if (!peer.remove(entry)) return;
    this.#peers.delete(peerKey(peer.remote));
    peer.release();
  }

  /** Every association, in handshake or open. */
  entries(): PeerEntry[] {
    return [...this.#peers.values()].flatMap((peer) => peer.entries());
  }
}
