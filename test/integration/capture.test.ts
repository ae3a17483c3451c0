import { describe, expect, test } from '@jest/globals';
import { PacketCapture } from '../../lib';
import { rejected } from '../support/errors';
import { ask, echoServer, open, sharedEndpoint } from '../support/loopback';
import { key, psk } from '../support/pair';
import { type Capture, Disk } from '../support/pcapng';
import { hasIpv6 } from '../support/udp';

const LOOPBACK = '7f000001';
/** Of a handshake with a pre-shared key, a message and its answer. */
const DIRECTIONS_OF_SERVER = ['in', 'out', 'in', 'out', 'in', 'out', 'in', 'out'];

const directions = ({ packets }: Capture): string[] => packets.map(({ direction }) => direction);
const native = process.platform === 'linux';
if (!native) process.stderr.write('skipped: captures of native sockets: there are none here\n');

describe.each(native ? (['native', 'dgram'] as const) : (['dgram'] as const))('on %s sockets', (udp) => {
  test('a server records what its socket receives and sends', async () => {
    const disk = new Disk();
    const { port } = await echoServer({ capture: new PacketCapture(disk) }, { udp });
    const client = await open(port);
    expect(await ask(client, 'hello')).toBe('hello');
    const capture = await disk.read();
    expect(directions(capture)).toEqual(DIRECTIONS_OF_SERVER);
    expect(capture.packets.filter(({ direction }) => direction === 'in').map(({ to }) => to)).toEqual(
      Array(4).fill(`${LOOPBACK} ${port}`),
    );
    expect(capture.order[4]).toBe('secrets');
  });

  test('a client records the same, from its side', async () => {
    const disk = new Disk();
    const { port } = await echoServer();
    const client = await open(port, { udp, capture: new PacketCapture(disk) });
    expect(await ask(client, 'hello')).toBe('hello');
    const capture = await disk.read();
    expect(directions(capture)).toEqual(DIRECTIONS_OF_SERVER.map((way) => (way === 'in' ? 'out' : 'in')));
    for (const { direction, from, to } of capture.packets) {
      const [ours, theirs] = direction === 'out' ? [from, to] : [to, from];
      expect(theirs).toBe(`${LOOPBACK} ${port}`);
      expect(ours).toMatch(new RegExp(`^${LOOPBACK} [1-9]`));
    }
    expect(capture.order[4]).toBe('secrets');
  });

  test('a client holds what waits for a pskCallback', async () => {
    const disk = new Disk();
    const { port } = await echoServer();
    const pskCallback = () => new Promise<typeof PSK>((resolve) => setImmediate(resolve, PSK));
    const client = await open(port, { udp, psk: undefined, pskCallback, capture: new PacketCapture(disk) });
    expect(await ask(client, 'hello')).toBe('hello');
    const { order } = await disk.read();
    expect(order.indexOf('secrets')).toBe(4);
  });

  test('the associations of an endpoint are recorded by it', async () => {
    const disk = new Disk();
    const servers = [await echoServer(), await echoServer()];
    const endpoint = await sharedEndpoint({ udp, capture: new PacketCapture(disk) });
    for (const { port } of servers) {
      expect(await ask(await open(port, { endpoint }), 'hello')).toBe('hello');
    }
    const { packets, secrets } = await disk.read();
    expect(packets).toHaveLength(2 * DIRECTIONS_OF_SERVER.length);
    expect(secrets.match(/^CLIENT_RANDOM /gm)).toHaveLength(2);
    const { port } = endpoint.address();
    for (const { direction, from, to } of packets) expect(direction === 'out' ? from : to).toBe(`${LOOPBACK} ${port}`);
  });
});

const PSK = { identity: 'alice', psk: key };

test('both ends in one capture: each datagram is there twice, and the secrets come first', async () => {
  const disk = new Disk();
  const capture = new PacketCapture(disk);
  const { port } = await echoServer({ capture });
  expect(await ask(await open(port, { capture }), 'hello')).toBe('hello');
  const { packets, order } = await disk.read();
  expect(packets).toHaveLength(2 * DIRECTIONS_OF_SERVER.length);
  expect(order.indexOf('secrets')).toBe(8);
  const datagrams = packets.map(({ datagram }) => datagram.toString('hex'));
  expect(new Set(datagrams).size).toBe(DIRECTIONS_OF_SERVER.length);
});

const testIpv6 = hasIpv6 ? test : test.skip;
if (!hasIpv6) process.stderr.write('skipped: captures of IPv6: this machine has no ::1\n');

testIpv6('packets of IPv6 are such, and those of IPv4 on a socket of both are not', async () => {
  const disk = new Disk();
  const { port } = await echoServer({ capture: new PacketCapture(disk) }, { address: '::' });
  for (const host of ['::1', '127.0.0.1']) expect(await ask(await open(port, { host }), 'hello')).toBe('hello');
  const { packets } = await disk.read();
  const [six, four] = [packets.slice(0, 8), packets.slice(8)];
  expect(six.map(({ family }) => family)).toEqual(Array(8).fill(6));
  expect(four.map(({ family }) => family)).toEqual(Array(8).fill(4));
  // Where a datagram went is not known on a socket of every address.
  expect(six[0]?.to).toBe(`${'00'.repeat(16)} ${port}`);
  expect(four[0]?.to).toBe(`${'00'.repeat(4)} ${port}`);
});

test('an endpoint and its associations do not both have a capture', async () => {
  const endpoint = await sharedEndpoint();
  const capture = new PacketCapture(new Disk());
  expect(await rejected(open(5684, { psk, endpoint, capture }))).toMatchObject({
    code: 'ERR_DTLS_OPTION',
    message: 'capture: belongs into createEndpoint when endpoint is given.',
  });
  expect(await rejected(sharedEndpoint({ capture: 'file' as never }))).toMatchObject({
    code: 'ERR_DTLS_OPTION',
    option: 'capture',
  });
});
