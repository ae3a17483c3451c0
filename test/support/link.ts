import type { RemoteAddress } from '../../lib/address';
import { parseRecords } from '../../lib/handshake/wire';
import type { ServerTransport, ServerTransportReceiver, Transport, TransportReceiver } from '../../lib/transport';

/** What arrives in place of the n-th datagram of a lane, counted from 0, `client`'s or for it; an empty list loses it. */
export type Rule = (datagram: Buffer, n: number, client: RemoteAddress) => Buffer[];

export const deliverAll: Rule = (datagram) => [datagram];

export function drop(...numbers: number[]): Rule {
  return (datagram, n) => (numbers.includes(n) ? [] : [datagram]);
}

/** Loses every datagram that begins with a handshake message of this type. */
export function dropMessage(handshakeType: number): Rule {
  return (datagram) => (datagram[0] === 22 && datagram[13] === handshakeType ? [] : [datagram]);
}

export function duplicate(...numbers: number[]): Rule {
  return (datagram, n) => (numbers.includes(n) ? [datagram, datagram] : [datagram]);
}

/** Damages the tag of the first datagram that ends with an encrypted record, which is that of a Finished. */
export function damageFinished(): Rule {
  let damaged = false;
  return (datagram) => {
    if (damaged || parseRecords(datagram).at(-1)?.epoch !== 1) return [datagram];
    damaged = true;
    const copy = Buffer.from(datagram);
    copy[copy.length - 1] = ~(copy.at(-1) as number) & 0xff;
    return [copy];
  };
}

/** The n-th datagram arrives only behind the so-many-th one that follows it. */
export function late(n: number, behind = 1): Rule {
  let held: Buffer | undefined;
  return (datagram, number) => {
    if (number === n) {
      held = datagram;
      return [];
    }
    return held !== undefined && number === n + behind ? [datagram, held] : [datagram];
  };
}

/** One direction of a link. */
export class Lane {
  /** Every datagram that was sent, whatever became of it. */
  readonly sent: Buffer[] = [];
  rule: Rule = deliverAll;
  #inFlight = 0;
  #held: Array<() => void> | undefined;

  get inFlight(): number {
    return this.#inFlight;
  }

  carry(datagram: Uint8Array, client: RemoteAddress, arrive: (datagram: Buffer) => void): void {
    const view = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    const n = this.sent.push(view) - 1;
    for (const arriving of this.rule(view, n, client)) {
      if (this.#held === undefined) this.deliver(arriving, arrive);
      else this.#held.push(() => this.deliver(arriving, arrive));
    }
  }

  deliver(datagram: Buffer, arrive: (datagram: Buffer) => void): void {
    this.#inFlight++;
    setImmediate(() => {
      this.#inFlight--;
      arrive(datagram);
    });
  }

  /** What is sent from now on waits for `release`. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const deliver of held) deliver();
  }
}

const SERVER_ADDRESS: RemoteAddress = { address: '192.0.2.1', port: 22334, family: 'IPv4' };
const FIRST_CLIENT_PORT = 50_000;

/** A client's end of a link. */
export class LinkClient implements Transport {
  readonly remote = SERVER_ADDRESS;
  /** What `send` returns: false as if a queue were over its mark. */
  taken = true;
  referenced = true;
  #plugged = true;
  readonly #link: Link;
  #address: RemoteAddress;
  #receiver: TransportReceiver | undefined;

  constructor(link: Link, address: RemoteAddress) {
    this.#link = link;
    this.#address = address;
  }

  get receiver(): TransportReceiver | undefined {
    return this.#receiver;
  }

  /** As the server sees it; a NAT may change it at any time. */
  get address(): RemoteAddress {
    return this.#address;
  }

  set address(address: RemoteAddress) {
    this.#link.detach(this);
    this.#address = address;
    this.#link.attach(this);
  }

  open(receiver: TransportReceiver): void {
    this.#receiver = receiver;
    this.#link.attach(this);
    setImmediate(() => this.#receiver?.opened());
  }

  send(datagram: Uint8Array): boolean {
    const from = this.#address;
    if (this.#plugged) this.#link.toServer.carry(datagram, from, (bytes) => this.#link.arriveAtServer(bytes, from));
    return this.taken;
  }

  /** From now on nothing passes in either direction: the client is switched off, say. */
  unplug(): void {
    this.#plugged = false;
    this.#link.detach(this);
  }

  plugIn(): void {
    this.#plugged = true;
    this.#link.attach(this);
  }

  close(): void {
    this.#receiver = undefined;
    this.#link.detach(this);
  }

  ref(): void {
    this.referenced = true;
  }

  unref(): void {
    this.referenced = false;
  }
}

/**
 * Joins one server and any number of clients without sockets. What is sent arrives at a later turn of the event
 * loop, in order, unless a rule of its lane says otherwise.
 */
export class Link {
  readonly toServer = new Lane();
  readonly toClient = new Lane();
  readonly server: ServerTransport;
  readonly #clients = new Map<string, LinkClient>();
  #serverReceiver: ServerTransportReceiver | undefined;
  #ports = FIRST_CLIENT_PORT;

  constructor() {
    this.server = {
      open: async (receiver) => {
        this.#serverReceiver = receiver;
      },
      address: () => SERVER_ADDRESS,
      send: (datagram, to) => {
        this.toClient.carry(datagram, to, (bytes) => this.#arriveAtClient(bytes, to));
        return true;
      },
      close: async () => {
        this.#serverReceiver = undefined;
      },
      ref: () => {},
      unref: () => {},
    };
  }

  /** A client's transport, at an address of its own unless one is given. */
  client(address: RemoteAddress = clientAddress(this.#ports++)): LinkClient {
    return new LinkClient(this, address);
  }

  attach(client: LinkClient): void {
    this.#clients.set(keyOf(client.address), client);
  }

  detach(client: LinkClient): void {
    if (this.#clients.get(keyOf(client.address)) === client) this.#clients.delete(keyOf(client.address));
  }

  /** Sends the server a datagram from any address, past every rule. */
  inject(datagram: Buffer, from: RemoteAddress): void {
    this.toServer.deliver(datagram, (bytes) => this.arriveAtServer(bytes, from));
  }

  injectToClient(datagram: Buffer, to: RemoteAddress): void {
    this.toClient.deliver(datagram, (bytes) => this.#arriveAtClient(bytes, to));
  }

  arriveAtServer(datagram: Buffer, from: RemoteAddress): void {
    lend(datagram, (lent) => this.#serverReceiver?.datagram(lent, from));
  }

  get serverIsOpen(): boolean {
    return this.#serverReceiver !== undefined;
  }

  /** The queue of the server's socket is empty again. */
  drainServer(): void {
    this.#serverReceiver?.drained();
  }

  /** The server's socket fails. */
  failServer(error: Error): void {
    this.#serverReceiver?.failed(error);
  }

  /** Resolves when nothing is on its way any more. Timers may send something later. */
  async quiet(): Promise<void> {
    do {
      await new Promise(setImmediate);
    } while (this.toServer.inFlight + this.toClient.inFlight > 0);
  }

  #arriveAtClient(datagram: Buffer, to: RemoteAddress): void {
    lend(datagram, (lent) => this.#clients.get(keyOf(to))?.receiver?.datagram(lent));
  }
}

export function clientAddress(port: number): RemoteAddress {
  return { address: '192.0.2.99', port, family: 'IPv4' };
}

function keyOf({ address, port }: RemoteAddress): string {
  return `${address}|${port}`;
}

/** A receiver may use the bytes until it returns: whoever keeps them finds them spoilt. */
function lend(bytes: Buffer, use: (lent: Buffer) => void): void {
  const lent = Buffer.from(bytes);
  use(lent);
  lent.fill(0xee);
}
