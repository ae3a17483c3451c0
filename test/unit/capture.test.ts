import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createSecureContext, createServer, PacketCapture, type ServerOptions } from '../../lib';
import { captured } from '../../lib/capture/capturing-endpoint';
import { HeldPackets } from '../../lib/capture/held-packets';
import { PacketRecorder } from '../../lib/capture/packet-recorder';
import { Direction } from '../../lib/capture/pcapng';
import { udpAddress } from '../../lib/capture/udp-packet';
import { NativeEndpoint } from '../../lib/endpoints/native-endpoint';
import { ContentType, parseRecords } from '../../lib/handshake/wire';
import { parseConnectOptions } from '../../lib/options/client';
import { ipv4, Receiver, udpConfig } from '../support/endpoint';
import { thrown } from '../support/errors';
import { type FakeUdpSocket, fakeUdpSockets } from '../support/fake-udp-socket';
import { clientAddress, Link } from '../support/link';
import { client, closeLater, key, messages, openPair, psk, serve, talk, wrongKey } from '../support/pair';
import { type Capture, Disk, type Packet, readCapture } from '../support/pcapng';

afterEach(() => {
  jest.restoreAllMocks();
});

const changesCipher = ({ datagram }: Packet): boolean =>
  parseRecords(datagram).some(({ type, epoch }) => type === ContentType.ChangeCipherSpec || epoch > 0);

/** What follows what, in short. */
function story({ order }: Capture): string[] {
  return order.map((entry) => {
    if (entry === 'secrets') return entry;
    return `${entry.direction}${changesCipher(entry) ? ' encrypted' : ''}`;
  });
}

const HELLOS = ['in', 'out', 'in', 'out'];
/** Nothing lost, a pre-shared key. */
const HANDSHAKE = [...HELLOS, 'secrets', 'in encrypted', 'out encrypted'];
const SECRETS = /^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n$/;

describe('a server', () => {
  test('records hellos, cookies, handshake and messages, and the secrets before whatever needs them', async () => {
    const disk = new Disk();
    const { client, peer } = await openPair({ server: { capture: new PacketCapture(disk) } });
    await talk(client, peer);
    const capture = await disk.read();
    expect(story(capture)).toEqual([...HANDSHAKE, 'in encrypted', 'out encrypted']);
    expect(capture.secrets).toMatch(SECRETS);
  });

  test('records who sent what to whom, and when', async () => {
    const disk = new Disk();
    const beforeUs = Date.now() * 1000;
    const { server } = await openPair({ server: { capture: new PacketCapture(disk) } });
    const { packets } = await disk.read();
    const [ours, theirs] = [server.address(), clientAddress(0)].map(({ address }) => address);
    const inHex = (address = '') => Buffer.from(address.split('.').map(Number)).toString('hex');
    for (const { direction, from, to, timeUs } of packets) {
      const [source, target] = direction === 'in' ? [theirs, ours] : [ours, theirs];
      expect([from.split(' ')[0], to.split(' ')[0]]).toEqual([inHex(source), inHex(target)]);
      // The clock of the system is read in whole milliseconds.
      expect(timeUs).toBeGreaterThan(beforeUs - 20_000);
      expect(timeUs).toBeLessThan((Date.now() + 20) * 1000);
    }
  });

  test('holds the packets of a handshake that waits for a pskCallback until its secrets are there', async () => {
    const disk = new Disk();
    let answer: (key: Uint8Array) => void = () => {};
    let asked: () => void = () => {};
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const link = new Link();
    const options: Partial<ServerOptions> = {
      psk: undefined,
      pskCallback: () => {
        asked();
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
    };
    await serve(link, { ...options, capture: new PacketCapture(disk) });
    const association = client(link).startHandshake();
    await isAsked;
    expect(story(await disk.read())).toEqual(HELLOS);
    answer(key);
    await association.opened;
    expect(story(await disk.read())).toEqual(HANDSHAKE);
  });

  test('writes the packets of a handshake that fails without secrets', async () => {
    const disk = new Disk();
    const link = new Link();
    const server = await serve(link, { capture: new PacketCapture(disk) });
    client(link, { psk: { identity: 'alice', key: wrongKey } })
      .startHandshake()
      .opened.catch(() => {});
    await link.quiet();
    expect(story(await disk.read())).toEqual(HELLOS);
    await server.close();
    expect(story(await disk.read())).toEqual([...HELLOS, 'in encrypted']);
  });

  test('records noise of strangers', async () => {
    const disk = new Disk();
    const link = new Link();
    await serve(link, { capture: new PacketCapture(disk) });
    link.inject(Buffer.from('noise'), clientAddress(4711));
    await link.quiet();
    const { packets } = await disk.read();
    expect(packets).toEqual([
      expect.objectContaining({ direction: 'in', from: 'c0000263 4711', datagram: Buffer.from('noise') }),
    ]);
  });

  test('records a peer that starts anew from its port, with the secrets of both handshakes', async () => {
    const disk = new Disk();
    const { link, server, transport } = await openPair({ server: { capture: new PacketCapture(disk) } });
    const connected = once(server, 'secureConnection');
    const again = client(link, { transport: link.client(transport.address) });
    transport.unplug();
    await again.startHandshake().opened;
    await connected;
    expect(story(await disk.read()).filter((entry) => entry === 'secrets')).toHaveLength(2);
    expect(story(await disk.read()).slice(HANDSHAKE.length, 2 * HANDSHAKE.length)).toEqual(HANDSHAKE);
  });

  test('shares a capture with others', async () => {
    const disk = new Disk();
    const capture = new PacketCapture(disk);
    await Promise.all([openPair({ server: { capture } }), openPair({ server: { capture } })]);
    const { packets, secrets } = await disk.read();
    expect(packets).toHaveLength(2 * (HANDSHAKE.length - 1));
    expect(secrets.split('\n').filter(Boolean)).toHaveLength(2);
  });

  test('goes on recording with renewed credentials', async () => {
    const disk = new Disk();
    const link = new Link();
    const server = await serve(link, { capture: new PacketCapture(disk) });
    server.setSecureContext({ psk: { alice: key } });
    await client(link).startHandshake().opened;
    await link.quiet();
    expect((await disk.read()).secrets).toMatch(SECRETS);
    const silent = thrown(() => server.setSecureContext(createSecureContext({ psk: { alice: key } })));
    expect(silent).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'capture' });
  });
});

test('datagrams that the kernel merged are packets of their own', async () => {
  const disk = new Disk();
  const sockets = fakeUdpSockets();
  const endpoint = captured(new NativeEndpoint(udpConfig()), new PacketRecorder(disk, () => {}));
  await endpoint.open({ stranger: () => {}, failed: () => {} });
  const socket = sockets[0] as FakeUdpSocket;
  const channel = endpoint.attach(ipv4(7), new Receiver());
  socket.arrivals = [
    { peer: 0, bytes: Buffer.from('aabbc'), segmentSize: 2 },
    { bytes: Buffer.from('xxyy'), segmentSize: 2 },
  ];
  socket.event(true);
  const outlet = channel.outlet;
  for (const text of ['one', 'two']) {
    outlet?.reserve(100).write(text, outlet.offset);
    outlet?.commit(3);
  }
  channel.send(Buffer.from('three'));
  const { packets } = await disk.read();
  const texts = packets.map(({ direction, datagram }) => `${direction} ${datagram}`);
  expect(texts).toEqual(['in aa', 'in bb', 'in c', 'in xx', 'in yy', 'out one', 'out two', 'out three']);
  expect(socket.sent.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
});

describe('packets that wait for secrets', () => {
  /** As the Finished is. */
  const encrypted = Buffer.from('16fefd000100000000000100010a', 'hex');
  const plain = Buffer.from('16fefd000000000000000100010a', 'hex');
  let written: number;
  let held: HeldPackets;

  beforeEach(() => {
    written = 0;
    held = new HeldPackets(() => written++);
  });

  test('are those from the first encrypted one on, in order', () => {
    held.add(Buffer.alloc(1), plain);
    expect(written).toBe(1);
    held.add(Buffer.alloc(1), encrypted);
    held.add(Buffer.alloc(1), plain);
    expect(written).toBe(1);
    held.release();
    expect(written).toBe(3);
    held.add(Buffer.alloc(1), encrypted);
    expect(written).toBe(4);
  });

  test('are none of the association that a new handshake may replace', () => {
    held.add(Buffer.alloc(1), Buffer.from('17fefd000100000000000100010a', 'hex'));
    expect(written).toBe(1);
    held.add(Buffer.alloc(1), Buffer.from('14fefd0000000000000001000101', 'hex'));
    held.add(Buffer.alloc(1), Buffer.from('17fefd000100000000000100010a', 'hex'));
    expect(written).toBe(1);
  });

  test('are 64 at most', () => {
    for (let i = 0; i < 63; i++) held.add(Buffer.alloc(1), encrypted);
    expect(written).toBe(0);
    for (let i = 0; i < 7; i++) held.add(Buffer.alloc(1), encrypted);
    expect(written).toBe(70);
  });

  test('wait for a minute at most', () => {
    const now = jest.spyOn(performance, 'now').mockReturnValue(0);
    held.add(Buffer.alloc(1), encrypted);
    now.mockReturnValue(60_000);
    held.add(Buffer.alloc(1), encrypted);
    expect(written).toBe(0);
    now.mockReturnValue(60_001);
    held.add(Buffer.alloc(1), encrypted);
    expect(written).toBe(3);
  });
});

const here = udpAddress(ipv4(1));
const there = udpAddress(ipv4(2));
const LARGE = Buffer.alloc(60_000);
/** More than may wait. */
const TOO_MANY = 300;

describe('a disk', () => {
  test('that is slow costs packets, which are counted, but no secrets', async () => {
    const disk = new Disk({ stalls: true });
    const recorder = new PacketRecorder(disk, () => {});
    for (let i = 0; i < TOO_MANY; i++) recorder.record(LARGE, Direction.Outbound, here, there, undefined);
    const { packetsDropped } = recorder;
    expect(packetsDropped).toBeGreaterThan(0);
    expect(packetsDropped).toBeLessThan(TOO_MANY / 10);
    recorder.secrets(Buffer.from('A B C\n'));
    disk.go();
    await recorder.close();
    const { packets, secrets, statistics } = await disk.read();
    expect(packets).toHaveLength(TOO_MANY - packetsDropped);
    expect(secrets).toBe('A B C\n');
    expect(statistics).toEqual({ received: TOO_MANY, dropped: packetsDropped });
  });

  test('that was slow gets packets again as soon as it is not', async () => {
    const disk = new Disk({ stalls: true });
    const recorder = new PacketRecorder(disk, () => {});
    for (let i = 0; i < TOO_MANY; i++) recorder.record(LARGE, Direction.Outbound, here, there, undefined);
    const { packetsDropped } = recorder;
    disk.go();
    await disk.read();
    recorder.record(LARGE, Direction.Outbound, here, there, undefined);
    expect(recorder.packetsDropped).toBe(packetsDropped);
    await recorder.close();
  });

  test('that stands still stops no association', async () => {
    const disk = new Disk({ stalls: true });
    const { client, peer } = await openPair({ server: { capture: new PacketCapture(disk) } });
    await talk(client, peer);
    expect(client.state).toBe('open');
  });

  /** A stream that fails with its second write, in its own way. */
  const broken = (fail: (done: (error: Error) => void) => void): Writable => {
    let writes = 0;
    return new Writable({
      write: (_chunk, _encoding, done) => {
        if (++writes === 1) done();
        else fail(done);
      },
    });
  };
  const full = (done: (error: Error) => void): void => done(new Error('no space left'));

  test.each([
    ['is full', full],
    [
      'throws',
      () => {
        throw new Error('no space left');
      },
    ],
  ])('that %s is an error event, and all packets from then on are counted', async (_how, fail) => {
    const capture = new PacketCapture(broken(fail));
    const errors: Error[] = [];
    capture.on('error', (error) => errors.push(error));
    const { client, peer } = await openPair({ server: { capture } });
    await talk(client, peer);
    await new Promise(setImmediate);
    const before = capture.packetsDropped;
    expect(before).toBeGreaterThan(0);
    await talk(client, peer);
    expect(capture.packetsDropped).toBe(before + 2);
    await capture.close();
    expect(errors).toEqual([new Error('no space left')]);
  });

  test('that is full is a warning of the process when nobody listens, and nothing worse', async () => {
    const warnings = jest.spyOn(process, 'emitWarning').mockReturnValue();
    const capture = new PacketCapture(broken(full));
    await openPair({ server: { capture } });
    await capture.close();
    const message = 'A PacketCapture failed, its file is incomplete: no space left';
    expect(warnings.mock.calls).toEqual([[message, 'DtlsCaptureWarning']]);
  });
});

describe('close', () => {
  test('writes what waits and the statistics, and lets go of a stream of the user', async () => {
    const disk = new Disk();
    const capture = new PacketCapture(disk);
    const { client, peer } = await openPair({ server: { capture } });
    await talk(client, peer);
    await capture.close();
    const { packets, statistics } = await disk.read();
    expect(statistics).toEqual({ received: packets.length, dropped: 0 });
    expect(disk.writable).toBe(true);
    expect(disk.listenerCount('error') + disk.listenerCount('close')).toBe(0);
    const arrived = messages(peer, 1);
    client.send('unrecorded');
    await arrived;
    expect((await disk.read()).packets).toHaveLength(packets.length);
    expect(capture.packetsDropped).toBe(0);
  });

  test('waits for the disk, and may be called again', async () => {
    const disk = new Disk({ stalls: true });
    const capture = new PacketCapture(disk);
    let isClosed = false;
    const closing = capture.close().then(() => {
      isClosed = true;
    });
    await disk.read();
    expect(isClosed).toBe(false);
    disk.go();
    await closing;
    await capture.close();
  });

  test('writes packets that still wait for secrets', async () => {
    const disk = new Disk();
    const recorder = new PacketRecorder(disk, () => {});
    const encrypted = Buffer.from('16fefd000100000000000100010a', 'hex');
    recorder.record(encrypted, Direction.Inbound, here, there, recorder.holdFor('random'));
    expect((await disk.read()).packets).toHaveLength(0);
    await recorder.close();
    expect((await disk.read()).packets).toHaveLength(1);
  });

  test('comes with `await using`', async () => {
    const disk = new Disk();
    {
      await using capture = new PacketCapture(disk);
      expect(capture.packetsDropped).toBe(0);
    }
    expect((await disk.read()).statistics).toEqual({ received: 0, dropped: 0 });
  });

  test('ends when the user has destroyed the stream', async () => {
    const disk = new Disk({ stalls: true });
    const capture = new PacketCapture(disk);
    const failed = once(capture, 'error');
    await new Promise(setImmediate);
    disk.destroy();
    expect(await failed).toEqual([new Error('the stream was closed before its capture')]);
    await capture.close();
  });
});

describe('a file', () => {
  let scratch: string;

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'dtls-capture-'));
  });

  afterEach(() => rmSync(scratch, { recursive: true }));

  test('belongs to its owner alone, even if it was there before', async () => {
    const file = join(scratch, 'capture.pcapng');
    writeFileSync(file, 'something that was there before'.repeat(100), { mode: 0o644 });
    const capture = new PacketCapture(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await openPair({ server: { capture } });
    await capture.close();
    expect(story(readCapture(readFileSync(file)))).toEqual(HANDSHAKE);
  });

  test('that cannot be opened is refused at once, with the reason', () => {
    const file = join(scratch, 'none', 'capture.pcapng');
    expect(thrown(() => new PacketCapture(file))).toMatchObject({
      code: 'ERR_DTLS_OPTION',
      option: 'file',
      message: expect.stringContaining('ENOENT'),
      cause: expect.objectContaining({ code: 'ENOENT' }),
    });
  });

  test.each([[undefined], [''], [5], [Buffer.from('path')], [{ write: () => {} }]])('is not %p', (file) => {
    const error = thrown(() => new PacketCapture(file as never));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'file' });
  });
});

describe('the option capture', () => {
  test.each([['capture.pcapng'], [null], [{}], [new Disk()]])('is not %p', (capture) => {
    const wrong = { code: 'ERR_DTLS_OPTION', option: 'capture' };
    const options = { port: 5684, capture: capture as never };
    expect(thrown(() => parseConnectOptions({ ...options, psk }))).toMatchObject(wrong);
    expect(thrown(() => createServer({ psk: { alice: key }, capture: capture as never }))).toMatchObject(wrong);
  });

  test('is not a capture that is closed', async () => {
    const capture = closeLater(new PacketCapture(new Disk()));
    await capture.close();
    expect(thrown(() => createServer({ psk: { alice: key }, capture }))).toMatchObject({
      message: 'capture: it is closed; make a new PacketCapture.',
    });
  });

  test('needs a secureContext that collects secrets', () => {
    const capture = new PacketCapture(new Disk());
    const silent = createSecureContext({ psk });
    expect(thrown(() => parseConnectOptions({ port: 5684, secureContext: silent, capture }))).toMatchObject({
      code: 'ERR_DTLS_OPTION',
      message: expect.stringContaining('keylog: true'),
    });
    const secureContext = createSecureContext({ psk, keylog: true });
    expect(parseConnectOptions({ port: 5684, secureContext, capture }).capture).toBeDefined();
  });

  test("has no effect on a client's own transport, and is refused there", () => {
    const capture = new PacketCapture(new Disk());
    const error = thrown(() => parseConnectOptions({ psk, transport: new Link().client(), capture }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'capture' });
  });
});
