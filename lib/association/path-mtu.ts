import type { Session } from '../../binding';
import { rethrowLater } from '../emit';
import type { HandshakeRecorder } from '../handshake/recorder';
import type { DriverSetup } from './driver-setup';
import type { HandshakeParts } from './handshake-parts';

/** So often a flight is lost before it is sent again in smaller datagrams (RFC 6347 section 4.1.1.1). */
const LOSSES_UNTIL_SMALLER = 2;
/** OpenSSL makes no smaller ones. */
const SMALLEST = 256;
/**
 * Bytes of UDP payload: what every IPv4 host takes, 576 (RFC 791) less the headers of IP and UDP; then what is left.
 */
const SMALLER = [548, SMALLEST];
/**
 * Not every server takes a ClientHello in fragments, and some end the handshake over it: it is cut late, and not small.
 */
const LOSSES_UNTIL_HELLO_CUT = 4;
const SMALLEST_HELLO = 548;

/**
 * The size of an association's datagrams: the option `mtu`, or less when the transport knows that the path carries
 * less. Flights that get lost become smaller still; messages do not, for what is lost need not have been too large.
 */
export class PathMtu {
  readonly #setup: DriverSetup;
  readonly #session: Session;
  readonly #isClient: boolean;
  /** Of the handshake that runs. */
  #recorder: HandshakeRecorder | undefined;
  #largestMessage: number;
  #largestFlight: number;
  /** Of the same flight. */
  #losses = 0;
  /** Of the recorder, when the latest loss was counted. */
  #progress = 0;
  #retransmits = 0;

  constructor({ session, recorder, role }: HandshakeParts, setup: DriverSetup) {
    this.#setup = setup;
    this.#session = session;
    this.#isClient = role === 'client';
    this.#recorder = recorder;
    this.#largestMessage = this.#largestFlight = setup.mtu;
  }

  /**
   * The transport is open. A server does not ask before a flight is lost: on a socket of many peers that has its price.
   */
  opened(): void {
    if (this.#isClient) this.#ask();
  }

  /**
   * Call before OpenSSL handles its timer, or reads, when it may handle it, too: if that has run out, it sends the
   * flight again.
   */
  beforeTimer(): void {
    const recorder = this.#recorder;
    if (recorder === undefined || this.#session.timeoutMs(performance.now()) !== 0) return;
    const { progress, retransmits } = recorder;
    if (progress !== this.#progress) this.#losses = 0;
    // What was read last was not for OpenSSL, which has not sent the flight again yet.
    else if (retransmits === this.#retransmits) return;
    this.#progress = progress;
    this.#retransmits = retransmits;
    this.#lost(recorder.helloSize);
  }

  /** After the handshake: the peer missed our last flight, and has it again. */
  repeated(): void {
    this.#lost();
  }

  /** The transport failed, over a datagram that was too large perhaps: by now the system knows what is not. */
  failed(error: unknown): void {
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'EMSGSIZE') this.#ask();
  }

  /** The handshake is complete. Returns the largest message in bytes. */
  established(): number {
    this.#recorder = undefined;
    return this.#session.maxPayload(this.#largestMessage);
  }

  #lost(helloSize = 0): void {
    this.#losses++;
    this.#ask();
    if (this.#losses < LOSSES_UNTIL_SMALLER) return;
    const uncut = this.#losses < LOSSES_UNTIL_HELLO_CUT ? helloSize : 0;
    const smallest = helloSize === 0 ? SMALLEST : Math.max(SMALLEST_HELLO, uncut);
    const smaller = SMALLER.find((size) => size < this.#largestFlight && size >= smallest);
    if (smaller !== undefined) this.#cutFlights(smaller);
  }

  /** Asks the transport what the path carries. */
  #ask(): void {
    const carried = Math.max(SMALLEST, this.#carried());
    const largestMessage = Math.min(this.#setup.mtu, carried);
    if (carried < this.#largestFlight) this.#cutFlights(carried);
    if (largestMessage === this.#largestMessage) return;
    this.#largestMessage = largestMessage;
    if (this.#recorder === undefined) this.#setup.events.resized(this.#session.maxPayload(largestMessage));
  }

  #cutFlights(size: number): void {
    this.#largestFlight = size;
    // Of this size none was lost.
    this.#losses = 0;
    this.#session.setMtu(size);
    if (this.#recorder !== undefined) this.#recorder.mtu = size;
  }

  /** Infinity: not known. */
  #carried(): number {
    try {
      const size = this.#setup.transport.maxDatagramSize ?? 0;
      return size > 0 ? Math.trunc(size) : Number.POSITIVE_INFINITY;
    } catch (error) {
      // A user's transport; what it does not tell is not known.
      rethrowLater(error);
      return Number.POSITIVE_INFINITY;
    }
  }
}
