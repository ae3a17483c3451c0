import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';

export interface Block {
  type: number;
  body: Buffer;
}

/** The blocks of a pcapng file in little endian; throws when their lengths do not fit each other. */
export function readBlocks(file: Buffer): Block[] {
  const blocks: Block[] = [];
  for (let at = 0; at < file.length; ) {
    const length = file.readUInt32LE(at + 4);
    if (length % 4 !== 0 || length < 12 || at + length > file.length) throw new Error(`${length} bytes at ${at}`);
    if (file.readUInt32LE(at + length - 4) !== length) throw new Error(`no length at the end of the block at ${at}`);
    blocks.push({ type: file.readUInt32LE(at), body: file.subarray(at + 8, at + length - 4) });
    at += length;
  }
  return blocks;
}

export interface Packet {
  direction: 'in' | 'out';
  timeUs: number;
  family: 4 | 6;
  /** The address in hex, and the port. */
  from: string;
  to: string;
  datagram: Buffer;
}

export interface Capture {
  packets: Packet[];
  /** What is in the file, one after the other. */
  order: Array<'secrets' | Packet>;
  secrets: string;
  /** At the end. */
  statistics: { received: number; dropped: number } | undefined;
}

export function readCapture(file: Buffer): Capture {
  const capture: Capture = { packets: [], order: [], secrets: '', statistics: undefined };
  const [section, description, ...blocks] = readBlocks(file);
  if (section?.type !== 0x0a0d0d0a || description?.type !== 1) throw new Error('the file does not begin as it should');
  for (const { type, body } of blocks) {
    if (type === 6) {
      const packet = readPacket(body);
      capture.packets.push(packet);
      capture.order.push(packet);
    } else if (type === 10) {
      if (body.readUInt32LE(0) !== 0x544c534b) throw new Error('secrets of another kind');
      capture.secrets += body.toString('latin1', 8, 8 + body.readUInt32LE(4));
      capture.order.push('secrets');
    } else if (type === 5) {
      const options = readOptions(body.subarray(12));
      const count = (code: number) => Number(options.get(code)?.readBigUInt64LE(0));
      capture.statistics = { received: count(4), dropped: count(5) };
    } else throw new Error(`a block of type ${type}`);
  }
  return capture;
}

export function readOptions(bytes: Buffer): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length; ) {
    const [code, length] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)];
    if (code === 0) return options;
    options.set(code, bytes.subarray(at + 4, at + 4 + length));
    at += 4 + Math.ceil(length / 4) * 4;
  }
  throw new Error('options without an end');
}

function readPacket(body: Buffer): Packet {
  const length = body.readUInt32LE(12);
  if (body.readUInt32LE(16) !== length) throw new Error('a packet that was cut');
  const packet = body.subarray(20, 20 + length);
  const flags = readOptions(body.subarray(20 + Math.ceil(length / 4) * 4))
    .get(2)
    ?.readUInt32LE(0);
  const timeUs = body.readUInt32LE(4) * 2 ** 32 + body.readUInt32LE(8);
  return { direction: flags === 1 ? 'in' : 'out', timeUs, ...readUdp(packet) };
}

/** Throws when a length or a checksum is wrong. */
export function readUdp(packet: Buffer): Omit<Packet, 'direction' | 'timeUs'> {
  const family = (packet.readUInt8(0) >> 4) as 4 | 6;
  const [udpAt, addressesAt] = family === 4 ? [20, 12] : [40, 8];
  const addresses = packet.subarray(addressesAt, udpAt);
  const udp = packet.subarray(udpAt);
  if (family === 4 && checksum(packet.subarray(0, 20)) !== 0) throw new Error('wrong checksum of IPv4');
  if (family === 4 && packet.readUInt16BE(2) !== packet.length) throw new Error('wrong length of IPv4');
  if (family === 6 && packet.readUInt16BE(4) !== udp.length) throw new Error('wrong length of IPv6');
  if (packet.readUInt8(family === 4 ? 9 : 6) !== 17) throw new Error('not UDP');
  const pseudo = Buffer.alloc(4);
  pseudo.writeUInt16BE(17, 0);
  pseudo.writeUInt16BE(udp.length, 2);
  if (checksum(Buffer.concat([addresses, pseudo, udp])) !== 0) throw new Error('wrong checksum of UDP');
  if (udp.readUInt16BE(6) === 0) throw new Error('no checksum');
  if (udp.readUInt16BE(4) !== udp.length) throw new Error('wrong length of UDP');
  const half = addresses.length / 2;
  const place = (address: Buffer, port: number) => `${address.toString('hex')} ${port}`;
  return {
    family,
    from: place(addresses.subarray(0, half), udp.readUInt16BE(0)),
    to: place(addresses.subarray(half), udp.readUInt16BE(2)),
    datagram: udp.subarray(8),
  };
}

/** 0 over what contains its own checksum. */
function checksum(bytes: Buffer): number {
  const even = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
  let total = 0;
  for (let at = 0; at < even.length; at += 2) total += even.readUInt16BE(at);
  // In ones' complement 0xffff is zero, too.
  return total > 0 ? total % 0xffff : 0xffff;
}

/** A file in memory. With `stalls`, its disk takes nothing until `go` is called. */
export class Disk extends Writable {
  readonly #chunks: Buffer[] = [];
  #stalls: boolean;
  #waiting: Array<() => void> = [];

  constructor({ stalls = false } = {}) {
    super();
    this.#stalls = stalls;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(Buffer.from(chunk));
    if (this.#stalls) this.#waiting.push(done);
    else done();
  }

  go(): void {
    this.#stalls = false;
    for (const done of this.#waiting.splice(0)) done();
  }

  /** What is on it at the end of this turn of the event loop. */
  async read(): Promise<Capture> {
    await nextTurn();
    return readCapture(Buffer.concat(this.#chunks));
  }
}
