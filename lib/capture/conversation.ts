import type { RemoteAddress } from '../address';
import { clientHelloRandom } from '../handshake/wire';
import type { HeldPackets } from './held-packets';
import type { PacketRecorder } from './packet-recorder';
import type { Direction } from './pcapng';
import { type UdpAddress, udpAddress } from './udp-packet';

/** What passes between an endpoint and one of its peers, one handshake after the other. */
export class Conversation {
  readonly #recorder: PacketRecorder;
  readonly #local: UdpAddress;
  readonly #remote: UdpAddress;
  /** That of the latest ClientHello. */
  #random: string | undefined;
  #held: HeldPackets | undefined;

  constructor(recorder: PacketRecorder, local: UdpAddress, remote: RemoteAddress) {
    this.#recorder = recorder;
    this.#local = local;
    this.#remote = udpAddress(remote);
  }

  record(datagram: Uint8Array, direction: Direction): void {
    const random = clientHelloRandom(datagram);
    if (random !== undefined && random !== this.#random) this.begin(random);
    this.#recorder.record(datagram, direction, this.#local, this.#remote, this.#held);
  }

  /** A handshake begins, whose ClientHello has this random. */
  begin(random: string): void {
    this.end();
    this.#random = random;
    this.#held = this.#recorder.holdFor(random);
  }

  /** Nobody will tell secrets of the handshake any more. */
  end(): void {
    if (this.#random !== undefined) this.#recorder.release(this.#random);
  }
}
