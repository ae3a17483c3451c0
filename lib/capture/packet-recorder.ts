import type { Writable } from 'node:stream';
import { versions } from '../capabilities';
import { BlockWriter } from './block-writer';
import { HeldPackets } from './held-packets';
import {
  Direction,
  decryptionSecrets,
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  sectionHeader,
} from './pcapng';
import { type UdpAddress, udpPacket } from './udp-packet';
import { WallClock } from './wall-clock';

/** Bytes that may wait for the disk, or for secrets; packets that come then are dropped. */
const MAX_WAITING = 16 * 1024 * 1024;
/** Secrets are few, and all later packets need theirs: with them, so many. */
const MAX_WAITING_WITH_SECRETS = 17 * 1024 * 1024;

/** Each label of a key log is followed by the client's random. */
const CLIENT_RANDOM = /^\w+ ([0-9a-f]{64}) /gm;

/** Turns datagrams and secrets into the blocks of one file. Nothing here throws, or waits. */
export class PacketRecorder {
  readonly #writer: BlockWriter;
  readonly #clock = new WallClock();
  /** Of handshakes without secrets, by the client's random. */
  readonly #held = new Map<string, HeldPackets>();
  #packets = 0;
  /** Packets for which there was no room. */
  #refused = 0;
  #isClosed = false;

  /** As `BlockWriter`. */
  constructor(target: string | Writable, onFailure: (error: Error) => void) {
    this.#writer = new BlockWriter(target, onFailure);
    this.#note(sectionHeader(`dtls-association ${versions().addon}`));
    this.#note(interfaceDescription());
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get packetsDropped(): number {
    return this.#refused + this.#writer.packetsLost;
  }

  /** Takes a datagram, which may have to wait for the secrets of its handshake. */
  record(
    datagram: Uint8Array,
    direction: Direction,
    local: UdpAddress,
    remote: UdpAddress,
    held: HeldPackets | undefined,
  ): void {
    if (this.#isClosed) return;
    this.#packets++;
    const packet =
      direction === Direction.Outbound ? udpPacket(local, remote, datagram) : udpPacket(remote, local, datagram);
    const block = enhancedPacket(packet, direction, this.#clock.nowUs());
    if (!this.#writer.reserve(block.length, MAX_WAITING)) this.#refused++;
    else if (held === undefined) this.#writePacket(block);
    else held.add(block, datagram);
  }

  /** Where the packets of a handshake go, whose ClientHello has this random. */
  holdFor(random: string): HeldPackets {
    // Both ends may be recorded in one file.
    const held = this.#held.get(random) ?? new HeldPackets(this.#writePacket);
    this.#held.set(random, held);
    return held;
  }

  /** Whoever waits for the secrets of a handshake waits no more. */
  release(random: string): void {
    this.#held.get(random)?.release();
    this.#held.delete(random);
  }

  /** Takes lines of a key log. */
  secrets(lines: Buffer): void {
    if (this.#isClosed) return;
    this.#note(decryptionSecrets(lines));
    for (const [, random] of lines.toString('latin1').matchAll(CLIENT_RANDOM)) {
      this.release(Buffer.from(random as string, 'hex').toString('latin1'));
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    for (const random of [...this.#held.keys()]) this.release(random);
    this.#note(interfaceStatistics(this.#packets, this.packetsDropped, this.#clock.nowUs()));
    this.#isClosed = true;
    await this.#writer.close();
  }

  #note(block: Buffer): void {
    if (this.#writer.reserve(block.length, MAX_WAITING_WITH_SECRETS)) this.#writer.write(block, false);
  }

  readonly #writePacket = (block: Buffer): void => this.#writer.write(block, true);
}
