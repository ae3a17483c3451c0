import type { SessionHandle } from '../../binding';
import { maxForgeries } from '../credentials/ciphers';
import { countCiphertexts } from '../handshake/wire';
import { binding, Status } from '../native';
import { Slab } from '../slab';
import { SlabOutlet } from '../slab-outlet';
import type { Outlet } from '../transport';
import type { DriverSetup } from './driver-setup';
import type { LiveSession } from './live-session';

/** Where a thread's sessions put what they decrypt. */
export const plaintexts = new Slab();

/** The open association: messages out and in, one native call for each. */
export class DataPhase {
  readonly #live: LiveSession;
  readonly #session: SessionHandle;
  readonly #setup: DriverSetup;
  /** Where the datagrams of messages go. */
  #outlet: Outlet;
  /** The sender was told to wait. */
  #isWaiting = false;
  /** With these keys; a client that reconnects has others. */
  #forged = 0;
  readonly #maxForged: number;

  /** `suite` is OpenSSL's name of the cipher suite. */
  constructor(live: LiveSession, setup: DriverSetup, suite: string) {
    this.#live = live;
    this.#session = live.handle;
    this.#setup = setup;
    this.#outlet = outletOf(setup);
    this.#maxForged = setup.maxForgedRecords ?? maxForgeries(suite);
  }

  /** Records that did not authenticate. */
  get forged(): number {
    return this.#forged;
  }

  /** The transport leads elsewhere. */
  moved(): void {
    this.#outlet = outletOf(this.#setup);
  }

  /** The way that was full is gone, and with it whoever would have told that there is room. */
  resume(): void {
    if (this.#isWaiting) this.drained();
  }

  drained(): void {
    this.#isWaiting = false;
    this.#setup.events.drained();
  }

  /** As `Transport.send`; undefined when OpenSSL failed. Throws what the transport throws. */
  send(data: Uint8Array): boolean | undefined {
    const { mtu, stats } = this.#setup;
    const room = this.#outlet.reserve(mtu);
    const size = binding.write(this.#session, data, room, this.#outlet.offset);
    if (size <= 0) return undefined;
    stats.messagesSent++;
    stats.datagramsSent++;
    stats.bytesSent += size;
    const taken = this.#outlet.commit(size);
    if (!taken) this.#isWaiting = true;
    return taken;
  }

  /** Takes a datagram that is one record of application data. Anything but Idle is for the caller to deal with. */
  receive(bytes: Uint8Array, offset: number, length: number): number {
    const status = receive(this.#session, bytes, offset, length);
    if (status <= 0) return status;
    this.#setup.stats.messagesReceived++;
    this.#setup.events.message(plaintexts.take(status), bytes, offset, length);
    return Status.Idle;
  }

  /** Counts a datagram that came to nothing. True: with it there were more forgeries than are put up with. */
  drop(status: number, datagram: Uint8Array): boolean {
    const { stats, events } = this.#setup;
    const reason = status === Status.Forged ? 'forged' : status === Status.Replayed ? 'replayed' : 'unwanted';
    stats.dropped[reason]++;
    events.dropped(reason);
    if (reason !== 'forged') return false;
    // A datagram of 60 KB has room for two thousand attempts.
    this.#forged += countCiphertexts(datagram);
    return this.#maxForged > 0 && this.#forged >= this.#maxForged;
  }

  /**
   * Tries a datagram of one record whose sender is unknown. When it authenticates, `move` is called, and only then is its
   * message told. As `receive`; undefined when it is not this peer's.
   */
  adopt(datagram: Uint8Array, move: () => void): number | undefined {
    const { length } = datagram;
    const status = receive(this.#session, datagram, 0, length);
    // Idle is not refused: data without content, and warnings, have authenticated too.
    if (status <= Status.Forged) return undefined;
    const { stats, events } = this.#setup;
    stats.datagramsReceived++;
    stats.bytesReceived += length;
    // Listeners of the move may receive, too.
    const message = status > 0 ? plaintexts.take(status) : undefined;
    move();
    if (message === undefined || this.#live.session === undefined) return status;
    stats.messagesReceived++;
    events.message(message, datagram, 0, length);
    return Status.Idle;
  }
}

/** Into the slab that messages are taken from. */
function receive(session: SessionHandle, bytes: Uint8Array, offset: number, length: number): number {
  return binding.receive(session, bytes, offset, length, plaintexts.reserve(length), plaintexts.offset);
}

function outletOf({ transport }: DriverSetup): Outlet {
  return transport.outlet ?? new SlabOutlet(transport);
}
