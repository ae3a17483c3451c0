import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { RemoteAddress } from '../address';

const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const UDP_HEADER = 8;
const UDP = 17;
const DONT_FRAGMENT = 0x4000;
const HOP_LIMIT = 64;
/** The lengths of IPv4 and of UDP have 16 bits. */
const MAX_DATAGRAM = 0xffff - IPV4_HEADER - UDP_HEADER;

/** Of IPv4, mapped IPv4 and unspecified addresses 4 bytes, of all others 16. */
export interface UdpAddress {
  readonly ip: Buffer;
  readonly port: number;
}

/**
 * An address that is no IP address, as transports of users have them, becomes a unique local one (RFC 4193); of a port
 * that is none, 16 bits are left.
 */
export function udpAddress({ address, port }: RemoteAddress): UdpAddress {
  const [text = ''] = address.split('%');
  return { ip: ipBytes(text), port: port & 0xffff };
}

/** A datagram with the headers that it has on the way, as far as they are known. */
export function udpPacket(from: UdpAddress, to: UdpAddress, datagram: Uint8Array): Buffer {
  const payload = datagram.subarray(0, MAX_DATAGRAM);
  const isIpv4 = from.ip.length === 4 && to.ip.length === 4;
  const udpAt = isIpv4 ? IPV4_HEADER : IPV6_HEADER;
  const udpLength = UDP_HEADER + payload.length;
  const packet = Buffer.alloc(udpAt + udpLength);
  if (isIpv4) writeIpv4Header(packet, from.ip, to.ip);
  else writeIpv6Header(packet, wide(from.ip), wide(to.ip), udpLength);
  packet.writeUInt16BE(from.port, udpAt);
  packet.writeUInt16BE(to.port, udpAt + 2);
  packet.writeUInt16BE(udpLength, udpAt + 4);
  packet.set(payload, udpAt + UDP_HEADER);
  // With the pseudo header: the addresses, with which the IP header ends, the length and the protocol.
  const addressesAt = udpAt - (isIpv4 ? 8 : 32);
  const checksum = checksumOf(sum(packet, addressesAt) + udpLength + UDP);
  // 0 means none (RFC 768).
  packet.writeUInt16BE(checksum || 0xffff, udpAt + 6);
  return packet;
}

function writeIpv4Header(packet: Buffer, from: Buffer, to: Buffer): void {
  packet.writeUInt8(0x45, 0);
  packet.writeUInt16BE(packet.length, 2);
  packet.writeUInt16BE(DONT_FRAGMENT, 6);
  packet.writeUInt8(HOP_LIMIT, 8);
  packet.writeUInt8(UDP, 9);
  packet.set(from, 12);
  packet.set(to, 16);
  packet.writeUInt16BE(checksumOf(sum(packet.subarray(0, IPV4_HEADER))), 10);
}

function writeIpv6Header(packet: Buffer, from: Buffer, to: Buffer, udpLength: number): void {
  packet.writeUInt8(0x60, 0);
  packet.writeUInt16BE(udpLength, 4);
  packet.writeUInt8(UDP, 6);
  packet.writeUInt8(HOP_LIMIT, 7);
  packet.set(from, 8);
  packet.set(to, 24);
}

/** Of the 16-bit words from `start` on. */
function sum(bytes: Buffer, start = 0): number {
  let total = 0;
  const even = bytes.length - ((bytes.length - start) % 2);
  for (let at = start; at < even; at += 2) total += ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  return even === bytes.length ? total : total + ((bytes[even] as number) << 8);
}

/** RFC 1071. */
function checksumOf(total: number): number {
  let folded = total;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}

const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');
const UNSPECIFIED = Buffer.alloc(16);

/** For a packet of IPv6. */
function wide(ip: Buffer): Buffer {
  if (ip.length === 16) return ip;
  return ip.readUInt32BE() === 0 ? UNSPECIFIED : Buffer.concat([MAPPED, ip]);
}

function ipBytes(address: string): Buffer {
  const family = isIP(address);
  if (family === 4) return Buffer.from(address.split('.').map(Number));
  if (family === 0) return Buffer.concat([Buffer.of(0xfd), createHash('sha256').update(address).digest()], 16);
  const ip = ipv6Bytes(address);
  return ip.subarray(0, 12).equals(MAPPED) || ip.equals(UNSPECIFIED) ? ip.subarray(12) : ip;
}

function ipv6Bytes(address: string): Buffer {
  const [head = Buffer.alloc(0), tail = Buffer.alloc(0)] = address.split('::').map(groups);
  return Buffer.concat([head, Buffer.alloc(16 - head.length - tail.length), tail]);
}

/** The last group may be an IPv4 address (RFC 4291 section 2.2). */
function groups(text: string): Buffer {
  const each = text.split(':').filter((group) => group !== '');
  return Buffer.concat(
    each.map((group) => (group.includes('.') ? ipBytes(group) : Buffer.from(group.padStart(4, '0'), 'hex'))),
  );
}
