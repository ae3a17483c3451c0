import dgram from 'node:dgram';
import { once } from 'node:events';

export type Side = 'client' | 'server';

/** What a datagram begins with; each message of a first handshake has a name of its own. */
export type FirstMessage =
  | 'ClientHello'
  | 'HelloVerifyRequest'
  | 'ClientHello with cookie'
  | 'ServerHello'
  | 'ServerKeyExchange'
  | 'ServerHelloDone'
  | 'ClientKeyExchange'
  | 'ChangeCipherSpec'
  | 'Finished'
  | 'Alert'
  | 'ApplicationData';

export interface Datagram {
  from: Side;
  firstMessage: FirstMessage | undefined;
  size: number;
  lost: boolean;
}

const HANDSHAKE_MESSAGES: Readonly<Record<number, FirstMessage>> = {
  2: 'ServerHello',
  3: 'HelloVerifyRequest',
  12: 'ServerKeyExchange',
  14: 'ServerHelloDone',
  16: 'ClientKeyExchange',
};

/**
 * The path between one client and a server on loopback. It loses the first datagram of `from` that begins with
 * `message`. Whoever comes to `port` has the same address for the server, as a client that restarts on its port has.
 */
export class Relay implements AsyncDisposable {
  readonly datagrams: Datagram[] = [];
  readonly #front = dgram.createSocket('udp4');
  readonly #back = dgram.createSocket('udp4');
  readonly #loss: { from: Side; message: FirstMessage } | undefined;

  private constructor(loss?: { from: Side; message: FirstMessage }) {
    this.#loss = loss;
  }

  static async open(serverPort: number, loss?: { from: Side; message: FirstMessage }): Promise<Relay> {
    const relay = new Relay(loss);
    relay.#front.bind(0, '127.0.0.1');
    relay.#back.connect(serverPort, '127.0.0.1');
    await Promise.all([once(relay.#front, 'listening'), once(relay.#back, 'connect')]);
    relay.#carry();
    return relay;
  }

  /** Where the client finds the server. */
  get port(): number {
    return this.#front.address().port;
  }

  /** Where the server finds the client. */
  get clientPort(): number {
    return this.#back.address().port;
  }

  get lost(): Datagram[] {
    return this.datagrams.filter((datagram) => datagram.lost);
  }

  /** In bytes of UDP payload. */
  largest(from: Side): number {
    return Math.max(...this.datagrams.filter((datagram) => datagram.from === from).map(({ size }) => size));
  }

  /** How many datagrams began with this message, fragments and repetitions included. */
  count(message: FirstMessage): number {
    return this.datagrams.filter(({ firstMessage }) => firstMessage === message).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of [this.#front, this.#back]) socket.close();
  }

  #carry(): void {
    let clientPort = 0;
    this.#front.on('message', (bytes, { port }) => {
      clientPort = port;
      if (this.#passes('client', bytes)) this.#back.send(bytes);
    });
    this.#back.on('message', (bytes) => {
      if (this.#passes('server', bytes)) this.#front.send(bytes, clientPort, '127.0.0.1');
    });
    // ICMP messages of a peer that has ended.
    for (const socket of [this.#front, this.#back]) socket.on('error', () => {});
  }

  #passes(from: Side, bytes: Buffer): boolean {
    const firstMessage = nameOf(bytes);
    const loss = this.#loss;
    const lost = loss !== undefined && this.lost.length === 0 && loss.from === from && loss.message === firstMessage;
    this.datagrams.push({ from, firstMessage, size: bytes.length, lost });
    return !lost;
  }
}

/** By the headers of RFC 6347 sections 4.1 and 4.2.2. */
function nameOf(bytes: Buffer): FirstMessage | undefined {
  if (bytes.length < 13) return undefined;
  const epoch = bytes.readUInt16BE(3);
  switch (bytes[0]) {
    case 20:
      return 'ChangeCipherSpec';
    case 21:
      return 'Alert';
    case 23:
      return 'ApplicationData';
    case 22:
      return epoch > 0 ? 'Finished' : handshakeMessage(bytes.subarray(13));
    default:
      return undefined;
  }
}

function handshakeMessage(header: Buffer): FirstMessage | undefined {
  if (header[0] !== 1) return HANDSHAKE_MESSAGES[header[0] ?? -1];
  return header.readUInt16BE(4) === 0 ? 'ClientHello' : 'ClientHello with cookie';
}
