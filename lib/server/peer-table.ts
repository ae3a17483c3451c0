import type { RemoteAddress } from '../address';
import { type DtlsAssociation, endPeer } from '../association/association';
import { clientHelloRandom, firstEpoch } from '../handshake/wire';
import type { PeerLink } from './peer-link';

/** One association and the way to it. */
export interface PeerEntry {
  readonly association: DtlsAssociation;
  readonly link: PeerLink;
  /** The random of the ClientHello that began it: tells a late repetition from a new handshake. */
  readonly helloRandom: string | undefined;
  /**
   * Ticks of the idle timer since a message came, and how many had come then. Datagrams do not count: anybody can
   * forge one.
   */
  idleTicks: number;
  seenMessages: number;
}

/** What one address has: an association, and at times the handshake that may replace it (RFC 6347 4.2.8). */
interface Peer {
  current: PeerEntry;
  successor: PeerEntry | undefined;
}

/** Where a datagram goes that is for no association. */
export type HelloHandler = (datagram: Uint8Array, helloRandom: string | undefined, from: RemoteAddress) => void;

/** Which address belongs to which association. */
export class PeerTable {
  readonly #peers = new Map<string, Peer>();

  has(address: RemoteAddress): boolean {
    return this.#peers.has(peerKey(address));
  }

  /** Whether a new handshake of the address would replace one that is not complete. */
  isHandshaking(address: RemoteAddress): boolean {
    const peer = this.#peers.get(peerKey(address));
    return peer !== undefined && (peer.successor !== undefined || peer.current.association.state === 'handshaking');
  }

  /** Leads a datagram to its association; a hello that begins something new, and all else, to `onHello`. */
  route(datagram: Uint8Array, from: RemoteAddress, onHello: HelloHandler): void {
    const peer = this.#peers.get(peerKey(from));
    const random = clientHelloRandom(datagram);
    if (peer === undefined || (random !== undefined && !isHelloOf(peer, random))) {
      onHello(datagram, random, from);
      return;
    }
    const { current, successor } = peer;
    // While two handshakes meet, plaintext belongs to the new one, and ciphertext to whoever can read it.
    if (successor === undefined || firstEpoch(datagram) !== 0) current.link.receive(datagram);
    successor?.link.receive(datagram);
  }

  /**
   * Takes up a handshake that has just begun. One that its address already had gives way, an open association
   * only when the new handshake is complete: a hello alone proves the address, not the key.
   */
  add(entry: PeerEntry): void {
    const key = peerKey(entry.link.remote);
    const peer = this.#peers.get(key);
    if (peer === undefined) {
      this.#peers.set(key, { current: entry, successor: undefined });
      return;
    }
    const isOpen = peer.current.association.state === 'open';
    const former = isOpen ? peer.successor : peer.current;
    if (isOpen) peer.successor = entry;
    else peer.current = entry;
    if (former !== undefined) endPeer(former.association, 'replaced');
  }

  /** The handshake of an entry is complete. True when an older association of the address ended by it. */
  established(entry: PeerEntry): boolean {
    const peer = this.#peers.get(peerKey(entry.link.remote));
    if (peer?.successor !== entry) return false;
    const former = peer.current;
    peer.current = entry;
    peer.successor = undefined;
    endPeer(former.association, 'replaced');
    return true;
  }

  remove(entry: PeerEntry): void {
    const key = peerKey(entry.link.remote);
    const peer = this.#peers.get(key);
    if (peer?.successor === entry) peer.successor = undefined;
    if (peer?.current !== entry) return;
    if (peer.successor === undefined) this.#peers.delete(key);
    else this.#peers.set(key, { current: peer.successor, successor: undefined });
  }

  /** Every association, in handshake or open. */
  entries(): PeerEntry[] {
    return [...this.#peers.values()].flatMap(({ current, successor }) =>
      successor === undefined ? [current] : [current, successor],
    );
  }
}

/** Names an address; also what its cookie is bound to. */
export function peerKey({ address, port }: RemoteAddress): string {
  return `${address}|${port}`;
}

function isHelloOf({ current, successor }: Peer, random: string): boolean {
  return current.helloRandom === random || successor?.helloRandom === random;
}
