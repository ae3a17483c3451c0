import dgram from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, jest, test } from '@jest/globals';
import type { DtlsAssociation } from '../../lib';
import { numbers } from '../../lib/testing/random';
import { FloodedServer, type FloodedServerState } from '../support/flooded-server';
import { Hostility } from '../support/hostile';
import { open, sharedEndpoint } from '../support/loopback';
import { messages, patient } from '../support/pair';

const DATAGRAMS = 50_000;
/** With these V8 has compiled what deals with hostile datagrams, and the heap has the size that it needs for that. */
const WARM_UP = 5000;
/** Far less than a socket's buffer holds: the kernel drops nothing, and every datagram can be accounted for. */
const BURST = 40;
const STRANGERS = 256;
/** In all; one association alone would take some 40,000 bytes. */
const MEMORY_LIMIT = DATAGRAMS * 150;
const TEST_TIMEOUT_MS = 60_000;

const sockets: dgram.Socket[] = [];

// Behind the associations that use them.
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

async function socketAt(address: string): Promise<dgram.Socket> {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  sockets.push(socket);
  return socket;
}

/** Linux has all of 127/8; elsewhere strangers differ by their ports alone. */
const strangerAddress = (i: number): string =>
  process.platform === 'linux' ? `127.77.${i >> 8}.${i & 0xff}` : '127.0.0.1';

/** A device whose datagrams others can repeat and forge, from its very address and port. */
interface Device {
  association: DtlsAssociation;
  device: dgram.Socket;
  /** At another port of its address. */
  neighbour: dgram.Socket;
  /** One of its messages, encrypted. */
  genuine: Buffer;
}

async function connectDevice(port: number): Promise<Device> {
  const socket = await socketAt('127.0.0.1');
  const endpoint = await sharedEndpoint({ socket });
  const association = await open(port, { endpoint });
  const send = jest.spyOn(socket, 'send');
  expect(await echo(association, 'to be repeated')).toBe('to be repeated');
  const [bytes] = send.mock.calls[0] as unknown as [Uint8Array];
  send.mockRestore();
  return { association, device: socket, neighbour: await socketAt('127.0.0.1'), genuine: Buffer.from(bytes) };
}

async function echo(association: DtlsAssociation, text: string): Promise<string> {
  const answer = messages(association, 1);
  association.send(text);
  return (await answer)[0] as string;
}

/** Where a server counts what it made of a datagram. */
const counters = {
  cookiesSent: ({ stats }: FloodedServerState) => stats.cookiesSent,
  malformed: ({ stats }: FloodedServerState) => stats.dropped.malformed,
  stray: ({ stats }: FloodedServerState) => stats.dropped.stray,
  hello: ({ stats }: FloodedServerState) => stats.dropped.hello,
  refused: ({ stats }: FloodedServerState) => Object.values(stats.refused).reduce((sum, count) => sum + count, 0),
  forged: ({ totals }: FloodedServerState) => totals.dropped.forged,
  replayed: ({ totals }: FloodedServerState) => totals.dropped.replayed,
  unwanted: ({ totals }: FloodedServerState) => totals.dropped.unwanted,
  messages: ({ totals }: FloodedServerState) => totals.messagesReceived,
  handshakes: ({ stats }: FloodedServerState) => stats.handshakesStarted,
};
type Counts = Record<keyof typeof counters, number>;

function counted(state: FloodedServerState): Counts {
  return Object.fromEntries(Object.entries(counters).map(([name, read]) => [name, read(state)])) as Counts;
}

function difference(after: Counts, before: Counts): Counts {
  const names = Object.keys(after) as Array<keyof Counts>;
  return Object.fromEntries(names.map((name) => [name, after[name] - before[name]])) as Counts;
}

type Sender = 'stranger' | 'neighbour' | 'device';

/** Sends hostile datagrams of all kinds, and knows what a server should make of each. */
class Flood {
  readonly expected: Partial<Counts> = {};
  readonly #port: number;
  readonly #device: Device;
  readonly #strangers: dgram.Socket[];
  readonly #hostility: Hostility;

  constructor(port: number, device: Device, strangers: dgram.Socket[], seed: number) {
    this.#port = port;
    this.#device = device;
    this.#strangers = strangers;
    this.#hostility = new Hostility(numbers(seed));
  }

  /** Resolves when the kernel has them all. */
  async send(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#sendOne()));
  }

  #sendOne(): Promise<void> {
    const [sender, counter, make] = this.#kinds[this.#hostility.number(this.#kinds.length)] as Kind;
    this.expected[counter] = (this.expected[counter] ?? 0) + 1;
    const socket = this.#socketOf(sender);
    return new Promise((resolve) => socket.send(make(), this.#port, '127.0.0.1', () => resolve()));
  }

  #socketOf(sender: Sender): dgram.Socket {
    if (sender !== 'stranger') return this.#device[sender];
    return this.#strangers[this.#hostility.number(this.#strangers.length)] as dgram.Socket;
  }

  #otherEpoch(): Buffer {
    return this.#hostility.ciphertext(2 + this.#hostility.number(0xfffe));
  }

  readonly #kinds: Kind[] = [
    ['stranger', 'cookiesSent', () => this.#hostility.hello(false)],
    ['stranger', 'cookiesSent', () => this.#hostility.hello(true)],
    ['stranger', 'malformed', () => this.#hostility.garbage()],
    ['stranger', 'malformed', () => this.#hostility.truncated()],
    ['stranger', 'stray', () => this.#hostility.ciphertext()],
    ['stranger', 'stray', () => this.#otherEpoch()],
    // As if a NAT had given the device another port; soon it may have sent so much.
    ['neighbour', 'stray', () => this.#hostility.forged(this.#device.genuine, 3000)],
    ['device', 'replayed', () => this.#device.genuine],
    ['device', 'forged', () => this.#hostility.forged(this.#device.genuine, 2 ** 40)],
    ['device', 'unwanted', () => this.#otherEpoch()],
    ['device', 'unwanted', () => this.#hostility.garbage()],
    ['device', 'cookiesSent', () => this.#hostility.hello(false)],
    ['device', 'cookiesSent', () => this.#hostility.hello(true)],
  ];
}

type Kind = [sender: Sender, counter: keyof Counts, make: () => Buffer];

/** `eachBurst` is called before each. */
async function bursts(flood: Flood, device: Device, count: number, eachBurst?: (burst: number) => void): Promise<void> {
  for (let burst = 0; burst < count; burst++) {
    eachBurst?.(burst);
    await flood.send(BURST);
    // The answer tells that the server has read all that was sent before.
    expect(await echo(device.association, `beat ${burst}`)).toBe(`beat ${burst}`);
  }
}

test.each([1])(
  'a flood of 50,000 datagrams from hundreds of addresses takes no memory, loses no message, keeps nobody out, seed %i',
  async (seed) => {
    const server = await FloodedServer.start({ limits: { maxAssociations: 2 } });
    const device = await connectDevice(server.port);
    const strangers = await Promise.all(Array.from({ length: STRANGERS }, (_, i) => socketAt(strangerAddress(i))));
    await bursts(new Flood(server.port, device, strangers, -seed), device, WARM_UP / BURST);
    const before = await server.state();

    const flood = new Flood(server.port, device, strangers, seed);
    const count = DATAGRAMS / BURST;
    const newcomers: DtlsAssociation[] = [];
    const connect = (): void => {
      open(server.port, patient).then(
        (association) => newcomers.push(association),
        () => {},
      );
    };
    let connectedAt = count;
    await bursts(flood, device, count, (burst) => {
      // The second is one too many.
      if (burst === count / 5 || burst === (2 * count) / 5) connect();
      if (newcomers.length > 0) connectedAt = Math.min(connectedAt, burst);
    });
    const after = await server.state();

    expect(connectedAt).toBeLessThan((2 * count) / 5);
    expect(await echo(newcomers[0] as DtlsAssociation, 'I am new')).toBe('I am new');
    expect(after.rss - before.rss).toBeLessThan(MEMORY_LIMIT);
    const { forged: forgeries = 0, cookiesSent = 0, ...others } = flood.expected;
    const { forged, ...made } = difference(counted(after), counted(before));
    const ofClients = { handshakes: 1, refused: 1, hello: 0, messages: count };
    expect(made).toEqual({ ...others, ...ofClients, cookiesSent: cookiesSent + 2 });
    // A stray that was tried on the association counts there, too: so many a second.
    expect(forged).toBeGreaterThanOrEqual(forgeries);
    expect(forged).toBeLessThanOrEqual(forgeries + (others.stray ?? 0));
  },
  TEST_TIMEOUT_MS,
);
