import { SocketAddress } from 'node:net';
import { afterEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import {
  Direction,
  decryptionSecrets,
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  sectionHeader,
} from '../../lib/capture/pcapng';
import { udpAddress, udpPacket } from '../../lib/capture/udp-packet';
import { WallClock } from '../../lib/capture/wall-clock';
import { readBlocks, readCapture, readOptions, readUdp } from '../support/pcapng';

afterEach(() => {
  jest.restoreAllMocks();
});

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const at = (address: string, port = 5684) => udpAddress({ address, port, family: 'unknown' });

test('a file begins with a section in little endian of unknown length, and says who wrote it', () => {
  const header = sectionHeader('someone');
  // Type, length, byte order magic, version 1.0, section length -1, option shb_userappl, its end, length.
  expect(hex(header)).toBe(
    `${'0a0d0d0a 2c000000 4d3c2b1a 01000000 ffffffffffffffff 04000700'.replaceAll(' ', '')}${hex(Buffer.from('someone'))}00${'00000000 2c000000'.replaceAll(' ', '')}`,
  );
});

test('the packets of its interface begin with IP, and are never cut', () => {
  expect(hex(interfaceDescription())).toBe('0100000014000000650000000000000014000000');
});

test('an enhanced packet has its time in microseconds, its direction, and padding', () => {
  const timeUs = 0x0005_f3a1_0203_0405;
  const [block] = readBlocks(enhancedPacket(Buffer.of(1, 2, 3, 4, 5), Direction.Outbound, timeUs));
  expect(block?.type).toBe(6);
  const words = Array.from({ length: 5 }, (_, i) => block?.body.readUInt32LE(4 * i));
  expect(words).toEqual([0, 0x0005_f3a1, 0x0203_0405, 5, 5]);
  expect(hex(block?.body.subarray(20, 28) ?? Buffer.alloc(0))).toBe('0102030405000000');
  expect(readOptions(block?.body.subarray(28) ?? Buffer.alloc(0)).get(2)).toEqual(Buffer.of(2, 0, 0, 0));
});

test('secrets are lines of a TLS key log', () => {
  const [block] = readBlocks(decryptionSecrets(Buffer.from('A B C\n')));
  expect(block?.type).toBe(10);
  expect(hex(block?.body ?? Buffer.alloc(0))).toBe(`4b534c5406000000${hex(Buffer.from('A B C\n'))}0000`);
});

test('statistics tell what was received and what is missing', () => {
  const file = Buffer.concat([sectionHeader(''), interfaceDescription(), interfaceStatistics(2 ** 40, 7, 0)]);
  expect(readCapture(file).statistics).toEqual({ received: 2 ** 40, dropped: 7 });
});

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));

test('whatever the blocks hold, their lengths fit, and what they hold comes out again', () => {
  const from = at('192.0.2.1', 1);
  const to = at('192.0.2.2', 2);
  const packet = fc.record({ datagram: bytes(200), timeUs: fc.integer({ min: 0, max: 2 ** 52 }), out: fc.boolean() });
  fc.assert(
    fc.property(fc.array(fc.oneof(packet, fc.string({ unit: 'binary-ascii' }))), (items) => {
      const blocks = items.map((item) => {
        if (typeof item === 'string') return decryptionSecrets(Buffer.from(item, 'latin1'));
        const direction = item.out ? Direction.Outbound : Direction.Inbound;
        return enhancedPacket(udpPacket(from, to, item.datagram), direction, item.timeUs);
      });
      const capture = readCapture(Buffer.concat([sectionHeader('x'), interfaceDescription(), ...blocks]));
      expect(capture.secrets).toBe(items.filter((item) => typeof item === 'string').join(''));
      expect(capture.packets.map(({ datagram, timeUs, direction }) => ({ datagram, timeUs, direction }))).toEqual(
        items
          .filter((item) => typeof item !== 'string')
          .map(({ datagram, timeUs, out }) => ({ datagram, timeUs, direction: out ? 'out' : 'in' })),
      );
    }),
  );
});

test('IPv4 packets are right to the last checksum', () => {
  const address = fc.ipV4();
  const port = fc.integer({ min: 0, max: 65_535 });
  fc.assert(
    fc.property(address, port, address, port, bytes(100), (one, onePort, other, otherPort, datagram) => {
      const read = readUdp(udpPacket(at(one, onePort), at(other, otherPort), datagram));
      const inHex = (text: string) => hex(Buffer.from(text.split('.').map(Number)));
      expect(read).toEqual({
        family: 4,
        from: `${inHex(one)} ${onePort}`,
        to: `${inHex(other)} ${otherPort}`,
        datagram,
      });
    }),
  );
});

/** An IPv6 address that is not written as one of IPv4. */
const ipv6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((array) => Buffer.from([0x20, ...array.slice(1)]));

test('IPv6 packets are right to the last checksum, however their addresses are written', () => {
  fc.assert(
    fc.property(ipv6, ipv6, bytes(100), fc.boolean(), (one, other, datagram, isShort) => {
      const text = (ip: Buffer) => {
        const full = ip.toString('hex').match(/..../g)?.join(':') as string;
        return isShort ? new SocketAddress({ address: full, family: 'ipv6' }).address : full;
      };
      const read = readUdp(udpPacket(at(text(one), 1), at(text(other), 2), datagram));
      expect(read).toEqual({ family: 6, from: `${hex(one)} 1`, to: `${hex(other)} 2`, datagram });
    }),
  );
});

test('a checksum that comes out as zero is written as ones', () => {
  const [from, to] = [at('0.0.0.0', 0), at('0.0.0.0', 0)];
  const length = 10;
  // Protocol, both lengths and this make 0xffff.
  const rest = 0xffff - 17 - length - length;
  const packet = udpPacket(from, to, Buffer.of(rest >> 8, rest & 0xff));
  expect(packet.readUInt16BE(26)).toBe(0xffff);
});

test.each([
  ['192.0.2.7', 'c0000207'],
  ['::ffff:192.0.2.7', 'c0000207'],
  ['::FFFF:C000:207', 'c0000207'],
  ['0.0.0.0', '00000000'],
  ['::', '00000000'],
  ['::1', '00000000000000000000000000000001'],
  ['fe80::1%eth0', 'fe800000000000000000000000000001'],
  ['2001:db8::', '20010db8000000000000000000000000'],
  ['64:ff9b::192.0.2.7', '0064ff9b0000000000000000c0000207'],
])('%s is %s', (address, ip) => {
  expect(hex(at(address).ip)).toBe(ip);
});

test('what is unspecified, or of IPv4, has its form in IPv6 beside an address of IPv6', () => {
  const peer = at('2001:db8::7');
  expect(readUdp(udpPacket(at('::', 1), peer, Buffer.of(1))).from).toBe(`${'00'.repeat(16)} 1`);
  expect(readUdp(udpPacket(at('192.0.2.7', 1), peer, Buffer.of(1))).from).toBe('00000000000000000000ffffc0000207 1');
});

test('a name that is no address becomes a unique local address of its own', () => {
  const [one, same, other] = ['node-7', 'node-7', 'node-8'].map((name) => hex(at(name).ip));
  expect(one).toMatch(/^fd[0-9a-f]{30}$/);
  expect(same).toBe(one);
  expect(other).not.toBe(one);
});

test('a datagram that no packet could hold is cut', () => {
  expect(readUdp(udpPacket(at('192.0.2.1'), at('192.0.2.2'), Buffer.alloc(70_000))).datagram).toHaveLength(65_507);
});

test('the clock counts microseconds, and follows the time of day when that is set', () => {
  let dateMs = performance.timeOrigin;
  let elapsedMs = 0;
  jest.spyOn(Date, 'now').mockImplementation(() => Math.floor(dateMs));
  jest.spyOn(performance, 'now').mockImplementation(() => elapsedMs);
  const clock = new WallClock();
  const startUs = clock.nowUs();
  expect(startUs).toBe(Math.floor(performance.timeOrigin * 1000));
  elapsedMs = 0.25;
  expect(clock.nowUs() - startUs).toBe(250);
  dateMs += 3_600_000;
  expect(clock.nowUs()).toBe(Math.floor(dateMs) * 1000);
});
