import type { RemoteAddress } from '../address';
import { type DtlsAssociation, endPeer } from '../association/association';
import type { Endpoint, PeerChannel, PeerReceiver } from '../endpoints/endpoint';
import { ContentType, clientHelloRandom, firstEpoch } from '../handshake/wire';
import type { Network } from './networks';
import type { PeerLink } from './peer-link';

/** One association and the way to it. */
export interface PeerEntry {
  /** Where it is found; another one when its address changes. */
  peer: Peer;
  readonly network: Network;
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
  /** When its address changed last, in performance.now() milliseconds. */
  movedAtMs: number;
  /** Before that. */
  formerPort: number | undefined;
}

/** What one address has: an association, and at times the handshake that may replace it (RFC 6347 4.2.8). */
export class Peer implements PeerReceiver {
  readonly remote: RemoteAddress;
  readonly #onHello: (datagram: Uint8Array, random: string) => void;
  #channel: PeerChannel | undefined;
  #current: PeerEntry | undefined;
  #successor: PeerEntry | undefined;

  /** `onHello` gets hellos that begin something new. */
  constructor(remote: RemoteAddress, onHello: (datagram: Uint8Array, random: string) => void) {
    this.remote = remote;
    this.#onHello = onHello;
  }

  /** Its way through the endpoint, the same for all its entries. Throws what `Endpoint.attach` throws. */
  channel(endpoint: Endpoint): PeerChannel {
    this.#channel ??= endpoint.attach(this.remote, this);
    return this.#channel;
  }

  /** The handshake that is about to replace an open association. */
  get successor(): PeerEntry | undefined {
    return this.#successor;
  }

  /** Whether a new handshake would replace one that is not complete. */
  get isHandshaking(): boolean {
    return this.#successor !== undefined || this.#current?.association.state === 'handshaking';
  }

  datagram(bytes: Uint8Array, offset: number, length: number): void {
    if (this.#successor === undefined && bytes[offset] === ContentType.ApplicationData) {
      this.#current?.link.receive(bytes, offset, length);
    } else {
      this.#route(length === bytes.length ? bytes : bytes.subarray(offset, offset + length));
    }
  }

  drained(): void {
    for (const { link } of this.entries()) link.drained();
  }

  // What could not be sent is lost, as on the way.
  failed(): void {}

  /**
   * Takes up a handshake that has just begun. One that its address already had gives way, an open association
   * only when the new handshake is complete: a hello alone proves the address, not the key.
   */
  add(entry: PeerEntry): void {
    const isOpen = this.#current?.association.state === 'open';
    const former = isOpen ? this.#successor : this.#current;
    if (isOpen) this.#successor = entry;
    else this.#current = entry;
    if (former !== undefined) endPeer(former.association, 'replaced');
  }

  /** Takes up an open association that comes from another address. */
  settle(entry: PeerEntry): void {
    this.#current = entry;
  }

  /** The handshake of an entry is complete. True when an older association of the address ended by it. */
  established(entry: PeerEntry): boolean {
    const former = this.#current;
    if (this.#successor !== entry || former === undefined) return false;
    this.#current = entry;
    this.#successor = undefined;
    endPeer(former.association, 'replaced');
    return true;
  }

  /** True when nothing is left. */
  remove(entry: PeerEntry): boolean {
    if (this.#successor === entry) this.#successor = undefined;
    if (this.#current !== entry) return false;
    this.#current = this.#successor;
    this.#successor = undefined;
    return this.#current === undefined;
  }

  entries(): PeerEntry[] {
    return [this.#current, this.#successor].filter((entry) => entry !== undefined);
  }

  release(): void {
    this.#channel?.release();
  }

  #route(datagram: Uint8Array): void {
    const random = clientHelloRandom(datagram);
    if (random !== undefined && !this.entries().some((entry) => entry.helloRandom === random)) {
      this.#onHello(datagram, random);
      return;
    }
    // While two handshakes meet, plaintext belongs to the new one, and ciphertext to whoever can read it.
    const successor = this.#successor;
    if (successor === undefined || firstEpoch(datagram) !== 0) {
      this.#current?.link.receive(datagram, 0, datagram.length);
    }
    successor?.link.receive(datagram, 0, datagram.length);
  }
}
