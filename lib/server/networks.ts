import type { PeerEntry } from './peer';

/** What one address, or the /64 of an IPv6 address, has at this server. */
export interface Network {
  readonly name: string;
  handshakes: number;
  readonly open: Set<PeerEntry>;
  /** Where the next search goes on. */
  search: Iterator<PeerEntry> | undefined;
}

/** Up to `count` of those that are open, from where the last search stopped. */
export function* someOf(network: Network, count: number): Generator<PeerEntry> {
  for (let left = Math.min(count, network.open.size); left > 0; left--) {
    network.search ??= network.open.values();
    let next = network.search.next();
    if (next.done) {
      network.search = network.open.values();
      next = network.search.next();
    }
    if (next.done) return;
    yield next.value;
  }
}

/** Who comes from where: what limits count, and where a device is looked for whose port has changed. */
export class Networks {
  readonly #networks = new Map<string, Network>();
  #handshakes = 0;
  #open = 0;

  get handshakes(): number {
    return this.#handshakes;
  }

  /** Handshakes and open associations. */
  get size(): number {
    return this.#handshakes + this.#open;
  }

  get(name: string): Network | undefined {
    return this.#networks.get(name);
  }

  /** A handshake begins. */
  began(name: string): Network {
    const network = this.#networks.get(name) ?? { name, handshakes: 0, open: new Set<PeerEntry>(), search: undefined };
    this.#networks.set(name, network);
    network.handshakes++;
    this.#handshakes++;
    return network;
  }

  /** A handshake is complete. */
  opened(entry: PeerEntry): void {
    this.#endHandshake(entry.network);
    entry.network.open.add(entry);
    this.#open++;
  }

  /** Something ends; false: it was a handshake. */
  ended(entry: PeerEntry): boolean {
    const { network } = entry;
    const wasOpen = network.open.delete(entry);
    if (wasOpen) this.#open--;
    else this.#endHandshake(network);
    if (network.handshakes + network.open.size === 0) this.#networks.delete(network.name);
    return wasOpen;
  }

  #endHandshake(network: Network): void {
    network.handshakes--;
    this.#handshakes--;
  }
}
