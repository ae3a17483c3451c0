/** The blocks of a pcapng file (draft-ietf-opsawg-pcapng), in little endian, which its section header announces. */

const BlockType = {
  SectionHeader: 0x0a0d0d0a,
  InterfaceDescription: 1,
  InterfaceStatistics: 5,
  EnhancedPacket: 6,
  DecryptionSecrets: 10,
} as const;

const OptionCode = {
  End: 0,
  /** Of a section header. */
  Application: 4,
  /** Of an enhanced packet. */
  Flags: 2,
  /** Of interface statistics. */
  Received: 4,
  Dropped: 5,
} as const;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const UNKNOWN_LENGTH = 0xffffffff;
/** Packets begin with their IPv4 or IPv6 header. */
const LINKTYPE_RAW = 101;
/** Secrets are lines of a key log, as SSLKEYLOGFILE has them: "TLSK". */
const TLS_KEY_LOG = 0x544c534b;
const ALIGNMENT = 4;

/** As the flags of an enhanced packet say it. */
export const Direction = { Inbound: 1, Outbound: 2 } as const;
export type Direction = (typeof Direction)[keyof typeof Direction];

/** The first block of a file. */
export function sectionHeader(application: string): Buffer {
  const majorAndMinorVersion = 1;
  const fixed = uint32s(BYTE_ORDER_MAGIC, majorAndMinorVersion, UNKNOWN_LENGTH, UNKNOWN_LENGTH);
  return block(BlockType.SectionHeader, fixed, option(OptionCode.Application, Buffer.from(application)), END);
}

/** The second one: where packets come from. Times are in microseconds, for no option says otherwise. */
export function interfaceDescription(): Buffer {
  const noSnapLength = 0;
  return block(BlockType.InterfaceDescription, uint32s(LINKTYPE_RAW, noSnapLength));
}

export function enhancedPacket(packet: Buffer, direction: Direction, timeUs: number): Buffer {
  const fixed = uint32s(INTERFACE, ...timestamp(timeUs), packet.length, packet.length);
  return block(BlockType.EnhancedPacket, fixed, packet, padding(packet), FLAGS[direction], END);
}

/** What readers decrypt later packets with: lines of a key log. */
export function decryptionSecrets(lines: Uint8Array): Buffer {
  return block(BlockType.DecryptionSecrets, uint32s(TLS_KEY_LOG, lines.length), lines, padding(lines));
}

/** `received` packets, `dropped` of which are not in the file. */
export function interfaceStatistics(received: number, dropped: number, timeUs: number): Buffer {
  const fixed = uint32s(INTERFACE, ...timestamp(timeUs));
  const counts = [option(OptionCode.Received, uint64(received)), option(OptionCode.Dropped, uint64(dropped))];
  return block(BlockType.InterfaceStatistics, fixed, ...counts, END);
}

/** The one and only. */
const INTERFACE = 0;
const END = option(OptionCode.End, Buffer.alloc(0));
const FLAGS: Readonly<Record<Direction, Buffer>> = {
  [Direction.Inbound]: option(OptionCode.Flags, uint32s(Direction.Inbound)),
  [Direction.Outbound]: option(OptionCode.Flags, uint32s(Direction.Outbound)),
};

/** The length stands at both ends, so that files can be read backwards. */
function block(type: number, ...body: Uint8Array[]): Buffer {
  const length = body.reduce((sum, part) => sum + part.length, 12);
  return Buffer.concat([uint32s(type, length), ...body, uint32s(length)], length);
}

function option(code: number, value: Uint8Array): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16LE(code, 0);
  header.writeUInt16LE(value.length, 2);
  return Buffer.concat([header, value, padding(value)]);
}

function padding({ length }: Uint8Array): Buffer {
  return Buffer.alloc((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);
}

/** The upper half comes first, whatever the byte order. */
function timestamp(timeUs: number): [upper: number, lower: number] {
  return [Math.floor(timeUs / 2 ** 32), timeUs % 2 ** 32];
}

function uint32s(...values: number[]): Buffer {
  const bytes = Buffer.allocUnsafe(4 * values.length);
  values.forEach((value, i) => {
    bytes.writeUInt32LE(value, 4 * i);
  });
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
