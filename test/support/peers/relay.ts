import dgram from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { WAIT_MS } from './process';

export type Side = 'client' | 'server';

/** What a record begins with; each message of a first handshake has a name of its own. */
export type Message =
  | 'ClientHello'
  | 'HelloVerifyRequest'
  | 'ClientHello with cookie'
  | 'ServerHello'
  | 'Certificate'
  | 'ServerKeyExchange'
  | 'ServerHelloDone'
  | 'ClientKeyExchange'
  | 'ChangeCipherSpec'
  | 'Finished'
  | 'Alert'
  | 'ApplicationData';

/**
 * What becomes of a datagram on its way. One that is held goes on when the next of its side has passed, one that is late
 * after `delayMs`, and one that is damaged arrives with one bit of its last record inverted.
 */
export type Fate = 'passed' | 'lost' | 'repeated' | 'held' | 'late' | 'damaged';

/** What goes on at once, unchanged. */
const COPIES: Readonly<Record<Fate, number>> = { passed: 1, lost: 0, repeated: 2, held: 0, late: 0, damaged: 0 };

export interface Datagram {
  from: Side;
  /** From 1, among those of its side. */
  number: number;
  /** What its records begin with, in order. */
  messages: Array<Message | undefined>;
  /** Whether its last record is encrypted. */
  isSealed: boolean;
  bytes: Buffer;
  fate: Fate;
}

/** Decides about each datagram, in the order in which they come. */
export type Path = (datagram: Omit<Datagram, 'fate'>) => Fate;

const HANDSHAKE_MESSAGES: Readonly<Record<number, Message>> = {
  2: 'ServerHello',
  3: 'HelloVerifyRequest',
  11: 'Certificate',
  12: 'ServerKeyExchange',
  14: 'ServerHelloDone',
  16: 'ClientKeyExchange',
};

/** Loses the first datagram of `from` that carries `message`. */
export function losing(from: Side, message: Message): Path {
  let hasLost = false;
  return (datagram) => {
    if (hasLost || datagram.from !== from || !datagram.messages.includes(message)) return 'passed';
    hasLost = true;
    return 'lost';
  };
}

/**
 * The path between one client and a server on loopback, by default one on which everything passes. Whoever comes to
 * `port` has the same address for the server, as a client that restarts on its port has; and for every server to which
 * the path is moved, as behind a balancer.
 */
export class Relay implements AsyncDisposable {
  readonly datagrams: Datagram[] = [];
  readonly #front = dgram.createSocket('udp4');
  #back = dgram.createSocket('udp4');
  #clientPort = 0;
  readonly #events = new EventEmitter();
  readonly #path: Path;
  readonly #numbers: Record<Side, number> = { client: 0, server: 0 };
  readonly #held: Record<Side, Buffer[]> = { client: [], server: [] };
  readonly #late = new Set<NodeJS.Timeout>();
  #serverPort: number;

  private constructor(serverPort: number, path: Path) {
    this.#serverPort = serverPort;
    this.#path = path;
  }

  static async open(serverPort: number, path: Path = () => 'passed'): Promise<Relay> {
    const relay = new Relay(serverPort, path);
    await Promise.all([relay.#carryFromClient(), relay.#carryFromServer()]);
    return relay;
  }

  /** Where the client finds the server. */
  get port(): number {
    return this.#front.address().port;
  }

  /** From now on another server gets what the client sends. */
  moveTo(serverPort: number): void {
    this.#serverPort = serverPort;
  }

  /** The client has another port for the server from now on, as behind a NAT that had forgotten it. */
  async rebind(): Promise<void> {
    this.#back.close();
    this.#back = dgram.createSocket('udp4');
    await this.#carryFromServer();
  }

  get lost(): Datagram | undefined {
    return this.datagrams.find(({ fate }) => fate === 'lost');
  }

  /** In bytes of UDP payload. */
  largest(from: Side): number {
    return Math.max(...this.datagrams.filter((datagram) => datagram.from === from).map(({ bytes }) => bytes.length));
  }

  /** How many datagrams began with this message, fragments and repetitions included. */
  count(message: Message): number {
    return this.datagrams.filter(({ messages }) => messages[0] === message).length;
  }

  /** Waits until so many datagrams began with this message. */
  async carries(message: Message, times: number): Promise<void> {
    const signal = AbortSignal.timeout(WAIT_MS);
    while (this.count(message) < times) await once(this.#events, 'datagram', { signal });
  }

  /**
   * Says something until it is heard: again whenever a datagram with application data of either side does not go on at
   * once and whole. So does a protocol over DTLS, by a timer.
   */
  async insist(say: () => void, heard: Promise<unknown>): Promise<void> {
    this.#events.on('kept', say);
    say();
    await heard.finally(() => this.#events.off('kept', say));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#late) clearTimeout(timer);
    for (const socket of [this.#front, this.#back]) socket.close();
  }

  async #carryFromClient(): Promise<void> {
    this.#front.on('message', (bytes, { port }) => {
      this.#clientPort = port;
      this.#carry('client', bytes, (datagram) => this.#back.send(datagram, this.#serverPort, '127.0.0.1'));
    });
    await bound(this.#front);
  }

  async #carryFromServer(): Promise<void> {
    this.#back.on('message', (bytes) => {
      this.#carry('server', bytes, (datagram) => this.#front.send(datagram, this.#clientPort, '127.0.0.1'));
    });
    await bound(this.#back);
  }

  #carry(from: Side, bytes: Buffer, send: (datagram: Buffer) => void): void {
    const records = recordsOf(bytes);
    const messages = records.map(nameOf);
    const number = ++this.#numbers[from];
    const described = { from, number, messages, isSealed: isSealed(records), bytes };
    const fate = this.#path(described);
    this.datagrams.push({ ...described, fate });
    const held = this.#held[from];
    if (fate === 'held') held.push(bytes);
    if (fate === 'late') this.#delay(() => send(bytes), delayMs(number));
    if (fate === 'damaged') send(damaged(bytes, number));
    const copies = COPIES[fate];
    for (let copy = 0; copy < copies; copy++) send(bytes);
    if (copies > 0) for (const datagram of held.splice(0)) send(datagram);
    this.#events.emit('datagram');
    if (copies === 0 && messages.includes('ApplicationData')) this.#events.emit('kept');
  }

  #delay(send: () => void, ms: number): void {
    const timer = setTimeout(() => {
      this.#late.delete(timer);
      send();
    }, ms);
    this.#late.add(timer);
  }
}

/** From 50 to 250 ms, below and above our first timeout, by the datagram's number alone. */
function delayMs(number: number): number {
  return 50 + ((number * 71) % 201);
}

/** With one bit inverted in the body of its last record, which one by its number alone. */
function damaged(datagram: Buffer, number: number): Buffer {
  const copy = Buffer.from(datagram);
  const body = recordsOf(copy).at(-1)?.subarray(RECORD_HEADER) as Buffer;
  const bit = (number * 71) % (8 * body.length);
  body.writeUInt8(body.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return copy;
}

async function bound(socket: dgram.Socket): Promise<void> {
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
}

/** RFC 6347 section 4.1. */
const RECORD_HEADER = 13;

function recordsOf(datagram: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let rest = datagram; rest.length >= RECORD_HEADER; rest = rest.subarray(RECORD_HEADER + rest.readUInt16BE(11))) {
    records.push(rest);
  }
  return records;
}

function isSealed(records: readonly Buffer[]): boolean {
  const last = records.at(-1);
  return last !== undefined && epochOf(last) > 0;
}

function epochOf(record: Buffer): number {
  return record.readUInt16BE(3);
}

function nameOf(record: Buffer): Message | undefined {
  switch (record[0]) {
    case 20:
      return 'ChangeCipherSpec';
    case 21:
      return 'Alert';
    case 23:
      return 'ApplicationData';
    case 22:
      return epochOf(record) > 0 ? 'Finished' : handshakeMessage(record.subarray(RECORD_HEADER));
    default:
      return undefined;
  }
}

/** By type and message_seq of RFC 6347 section 4.2.2. */
function handshakeMessage(header: Buffer): Message | undefined {
  if (header[0] !== 1) return HANDSHAKE_MESSAGES[header[0] ?? -1];
  return header.readUInt16BE(4) === 0 ? 'ClientHello' : 'ClientHello with cookie';
}
