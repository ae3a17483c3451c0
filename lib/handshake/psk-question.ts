import { ByteReader } from './byte-reader';
import { HandshakeMessages, type Message } from './messages';
import { HandshakeType } from './wire';

/**
 * What OpenSSL is about to ask a server for: the key of the identity in the ClientKeyExchange. Give it every datagram
 * of the client before OpenSSL gets it. Its key is for that identity only: a client that contradicts itself in
 * overlapping fragments can make OpenSSL ask for another one than is found here.
 */
export class ServerPskQuestion {
  readonly #isPsk: () => boolean;
  #messages: HandshakeMessages | undefined = new HandshakeMessages([HandshakeType.ClientKeyExchange]);

  /** `isPsk` says whether the negotiated suite is one with a pre-shared key; asked once, with the message complete. */
  constructor(isPsk: () => boolean) {
    this.#isPsk = isPsk;
  }

  /** The client's identity as it was sent, once, for the datagram that completes the ClientKeyExchange. */
  read(datagram: Uint8Array): Buffer | undefined {
    this.#messages?.add(datagram);
    const exchange = this.#messages?.message(HandshakeType.ClientKeyExchange);
    if (exchange === undefined) return undefined;
    this.#messages = undefined;
    return this.#isPsk() ? leadingVector(exchange) : undefined;
  }
}

/**
 * What OpenSSL is about to ask a client for: identity and key for a server's hint. Give it every datagram of the
 * server before OpenSSL gets it.
 */
export class ClientPskQuestion {
  readonly #isPskSuite: (id: number) => boolean;
  #messages: HandshakeMessages | undefined = new HandshakeMessages([
    HandshakeType.ServerHello,
    HandshakeType.ServerKeyExchange,
  ]);

  /** `isPskSuite` says whether the suite with an IANA number is one with a pre-shared key. */
  constructor(isPskSuite: (id: number) => boolean) {
    this.#isPskSuite = isPskSuite;
  }

  /**
   * The server's hint, once, for the datagram that completes the flight from the ServerHello to the ServerHelloDone
   * of a suite with a pre-shared key; empty when the server gave none. A server that resumes a session sends no
   * ServerHelloDone, and OpenSSL asks for nothing.
   */
  read(datagram: Uint8Array): Buffer | undefined {
    this.#messages?.add(datagram);
    const hello = this.#messages?.message(HandshakeType.ServerHello);
    const flight = hello && this.#flightFrom(hello);
    if (hello === undefined || flight === undefined) return undefined;
    this.#messages = undefined;
    const suite = chosenSuite(hello);
    if (suite === undefined || !this.#isPskSuite(suite)) return undefined;
    const exchange = flight.find((message) => message.type === HandshakeType.ServerKeyExchange);
    return exchange === undefined ? Buffer.alloc(0) : leadingVector(exchange);
  }

  /** All messages behind the ServerHello, up to the ServerHelloDone; undefined while one is missing. */
  #flightFrom(hello: Message): Message[] | undefined {
    const flight: Message[] = [];
    for (let sequence = hello.sequence + 1; ; sequence++) {
      const message = this.#messages?.at(sequence);
      if (message === undefined) return undefined;
      if (message.type === HandshakeType.ServerHelloDone) return flight;
      flight.push(message);
    }
  }
}

/** What the key exchange messages of all PSK suites begin with (RFC 4279 sections 2 to 4, RFC 5489 section 2). */
function leadingVector(message: Message): Buffer | undefined {
  const reader = new ByteReader(message.body);
  const bytes = reader.vector(2);
  return reader.failed ? undefined : Buffer.from(bytes);
}

function chosenSuite(hello: Message): number | undefined {
  const reader = new ByteReader(hello.body);
  reader.take(2 + 32); // server_version, random
  reader.vector(1); // session_id
  const suite = reader.uint(2);
  return reader.failed ? undefined : suite;
}
