import type { Datagram } from './relay';

/** https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html, with link type IPv4: packets begin with IP. */
const LINKTYPE_IPV4 = 228;
const MAX_PACKET = 65_535;

const IP_HEADER = 20;
const UDP_HEADER = 8;
const UDP = 17;
const LOOPBACK = Buffer.of(127, 0, 0, 1);

/** The server's port in what `pcap` makes. */
export const SERVER_PORT = 4433;
const CLIENT_PORT = 40_000;

/** A capture file of datagrams between a client and a server, as tshark reads it. */
export function pcap(datagrams: readonly Datagram[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(MAX_PACKET, 16);
  header.writeUInt32LE(LINKTYPE_IPV4, 20);
  return Buffer.concat([header, ...datagrams.map(record)]);
}

function record(datagram: Datagram, index: number): Buffer {
  const packet = ipPacket(datagram);
  const header = Buffer.alloc(16);
  // The times matter to nobody, their order does.
  header.writeUInt32LE(index, 0);
  header.writeUInt32LE(packet.length, 8);
  header.writeUInt32LE(packet.length, 12);
  return Buffer.concat([header, packet]);
}

/** Without checksums, which tshark does not verify unless it is told to. */
function ipPacket({ from, bytes }: Datagram): Buffer {
  const header = Buffer.alloc(IP_HEADER + UDP_HEADER);
  const versionAndLength = 0x45;
  header.writeUInt8(versionAndLength, 0);
  header.writeUInt16BE(header.length + bytes.length, 2);
  header.writeUInt8(64, 8);
  header.writeUInt8(UDP, 9);
  for (const at of [12, 16]) LOOPBACK.copy(header, at);
  const ports = from === 'client' ? [CLIENT_PORT, SERVER_PORT] : [SERVER_PORT, CLIENT_PORT];
  ports.forEach((port, i) => {
    header.writeUInt16BE(port, IP_HEADER + 2 * i);
  });
  header.writeUInt16BE(UDP_HEADER + bytes.length, IP_HEADER + 4);
  return Buffer.concat([header, bytes]);
}
