import type { RemoteAddress } from '../address';
import { DtlsEndpoint } from '../endpoints/dtls-endpoint';
import { DtlsError, isError, optionError } from '../errors';
import { boolean, checkMethods, checkNames, integer, show } from '../options/check';
import type { ServerTransport, ServerTransportReceiver } from '../transport';
import { checkAddress, checkDatagram } from './arguments';
import { Lane } from './lane';
import { NetworkClient } from './network-client';
import { NetworkEndpoint } from './network-endpoint';
import { numbers } from './random';

export interface NetworkOptions {
  /**
   * Of all that happens at random, the delays of `reconnect` too: 0 to 2^32 - 1. Default: another one each time; print
   * `network.seed` to repeat it.
   */
  seed?: number;
  /**
   * Retransmissions keep to performance.now(), which a test framework can replace, as all else does. False: to
   * OpenSSL's own clock, as in production. Default true.
   */
  virtualTime?: boolean;
}

/** Of documentation (RFC 5737). */
const SERVER_ADDRESS: RemoteAddress = { address: '192.0.2.1', port: 22334, family: 'IPv4' };
const CLIENT_ADDRESS = '192.0.2.99';
const FIRST_CLIENT_PORT = 50_000;
/** Those that are not the system's. */
const PORTS = { min: 1024, max: 65_535 };
const MAX_SEED = 2 ** 32 - 1;

/**
 * Joins one server and any number of clients without sockets. What is sent arrives at a later turn of the event loop,
 * in order, unless its lane says otherwise. Methods throw `ERR_DTLS_OPTION` for arguments that cannot be used.
 */
export class Network {
  readonly seed: number;
  readonly virtualTime: boolean;
  readonly toServer: Lane;
  readonly toClient: Lane;
  /** The server's end: the `transport` of `listen`. */
  readonly server: ServerTransport;
  /** Of all clients that reconnect. */
  readonly #random: () => number;
  readonly #clients = new Map<string, NetworkClient>();
  #serverReceiver: ServerTransportReceiver | undefined;
  #port = FIRST_CLIENT_PORT;

  /** Throws `ERR_DTLS_OPTION`. */
  constructor(options: NetworkOptions = {}) {
    checkNames('Network', options, ['seed', 'virtualTime']);
    this.seed = integer('seed', options.seed, { min: 0, max: MAX_SEED }, Math.floor(Math.random() * MAX_SEED));
    this.virtualTime = boolean('virtualTime', options.virtualTime, true);
    // Each has numbers of its own: what happens in one lane does not change the course of another.
    this.toServer = new Lane('toServer', numbers(this.seed));
    this.toClient = new Lane('toClient', numbers(~this.seed));
    this.#random = numbers(this.seed ^ 0x5555_5555);
    this.server = this.#newServer();
  }

  /**
   * A client's end, at an address of its own unless one is given. Throws `ERR_DTLS_STATE` when clients that are open have
   * all ports of that address.
   */
  client(address: RemoteAddress = clientAddress(this.nextPort())): NetworkClient {
    return new NetworkClient(this, address);
  }

  /**
   * For clients that open their way more than once, with `reconnect`: the `endpoint` of `connect`, whose `host` and
   * `port` are those of `network.server.address()`. Each time they have another port.
   */
  endpoint(): DtlsEndpoint {
    return new DtlsEndpoint(new NetworkEndpoint(this, this.#random));
  }

  /**
   * What is sent from now on is lost, in either direction, until `heal`. What is on its way or held still arrives, and so
   * does what is injected.
   */
  partition(): void {
    this.toServer.cut();
    this.toClient.cut();
  }

  heal(): void {
    this.toServer.heal();
    this.toClient.heal();
  }

  /** Sends the server a datagram from any address, past rules and impairments. */
  inject(datagram: Uint8Array, from: RemoteAddress): void {
    checkDatagram('inject', datagram);
    checkAddress('from', from);
    this.toServer.deliver(Buffer.from(datagram), (bytes) => this.arriveAtServer(bytes, from));
  }

  /** Sends a client a datagram in the server's name, past rules and impairments. */
  injectToClient(datagram: Uint8Array, to: RemoteAddress): void {
    checkDatagram('injectToClient', datagram);
    checkAddress('to', to);
    this.toClient.deliver(Buffer.from(datagram), (bytes) => this.#arriveAtClient(bytes, to));
  }

  /** Resolves when nothing is on its way any more. Timers may send something later. */
  async quiet(): Promise<void> {
    do {
      await new Promise(setImmediate);
    } while (this.toServer.inFlight + this.toClient.inFlight > 0);
  }

  /** Whether a server listens. */
  get serverIsOpen(): boolean {
    return this.#serverReceiver !== undefined;
  }

  /** The queue of the server's socket is empty again. */
  drainServer(): void {
    this.#serverReceiver?.drained();
  }

  /** The server's socket fails. */
  failServer(error: Error): void {
    if (!isError(error)) throw optionError('error', error, `an Error is expected, not ${show(error)}.`);
    this.#serverReceiver?.failed(error);
  }

  /** @internal A port that no client has at this address: another one each time, until all were used. */
  nextPort(address = CLIENT_ADDRESS): number {
    for (let tried = PORTS.min; tried <= PORTS.max; tried++) {
      const port = this.#port;
      this.#port = port === PORTS.max ? PORTS.min : port + 1;
      if (!this.#clients.has(keyOf({ address, port }))) return port;
    }
    throw new DtlsError('ERR_DTLS_STATE', `Clients have all ports of ${address}; give the next one another address.`);
  }

  /** @internal */
  attach(client: NetworkClient): void {
    this.#clients.set(keyOf(client.address), client);
  }

  /** @internal */
  detach(client: NetworkClient): void {
    if (this.#clients.get(keyOf(client.address)) === client) this.#clients.delete(keyOf(client.address));
  }

  /** @internal */
  arriveAtServer(datagram: Buffer, from: RemoteAddress): void {
    lend(datagram, (lent) => this.#serverReceiver?.datagram(lent, from));
  }

  #arriveAtClient(datagram: Buffer, to: RemoteAddress): void {
    lend(datagram, (lent) => this.#clients.get(keyOf(to))?.receiver?.datagram(lent));
  }

  /** When the rule fails, the client is told as well: a server's answer without an association fails unheard. */
  #carryToClient(datagram: Uint8Array, to: RemoteAddress): void {
    try {
      this.toClient.carry(datagram, to, (bytes) => this.#arriveAtClient(bytes, to));
    } catch (error) {
      setImmediate(() => this.#clients.get(keyOf(to))?.receiver?.failed(error as Error, true));
      throw error;
    }
  }

  #newServer(): ServerTransport {
    return {
      virtualTime: this.virtualTime,
      open: async (receiver) => {
        checkMethods('receiver', receiver, ['datagram', 'drained', 'failed']);
        this.#serverReceiver = receiver;
      },
      address: () => SERVER_ADDRESS,
      send: (datagram, to) => {
        checkDatagram('send', datagram);
        checkAddress('to', to);
        this.#carryToClient(datagram, to);
        return true;
      },
      close: async () => {
        this.#serverReceiver = undefined;
      },
      ref: () => {},
      unref: () => {},
    };
  }
}

/** Where clients are, as the server sees them. */
export function clientAddress(port: number): RemoteAddress {
  return { address: CLIENT_ADDRESS, port, family: 'IPv4' };
}

function keyOf({ address, port }: Omit<RemoteAddress, 'family'>): string {
  return `${address}|${port}`;
}

/** A receiver may use the bytes until it returns: whoever keeps them finds them spoilt. */
function lend(bytes: Buffer, use: (lent: Buffer) => void): void {
  const lent = Buffer.from(bytes);
  use(lent);
  lent.fill(0xee);
}
