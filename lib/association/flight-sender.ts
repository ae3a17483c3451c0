import type { Session } from '../../binding';
import type { HandshakeRecorder } from '../handshake/recorder';
import { ContentType, fatalAlertRecord } from '../handshake/wire';
import { datagrams } from '../slab-outlet';
import type { DriverSetup } from './driver-setup';

/**
 * An empty record without keys: NATs see it, and peers drop it, for it is of an epoch that is over (RFC 6347 section
 * 4.1). The octet 0xFF of IPsec (RFC 3948 section 2.3) will not do: GnuTLS keeps it, takes it for the first of the next
 * datagram, and loses that.
 */
const KEEP_ALIVE = Uint8Array.of(ContentType.ApplicationData, 0xfe, 0xfd, ...new Uint8Array(10));

/** The level of an alert, as `Session.alertSent` says it. */
const FATAL = 2 << 8;

/**
 * Carries to the transport what is no message: what OpenSSL wants to send (flights, alerts), repetitions, keep-alives.
 */
export class FlightSender {
  readonly #setup: DriverSetup;
  readonly #onFailure: (error: unknown) => void;
  #isStopped = false;
  #ownAlert: number | undefined;

  /** `onFailure` is told when the user's transport throws. */
  constructor(setup: DriverSetup, onFailure: (error: unknown) => void) {
    this.#setup = setup;
    this.#onFailure = onFailure;
  }

  /** An alert that we made ourselves, `level << 8 | description`; OpenSSL's own then never leaves. */
  get ownAlert(): number | undefined {
    return this.#ownAlert;
  }

  /**
   * Sends everything that waits; true: there was something, and the session is there still. `recorder` watches the
   * flights of a handshake.
   */
  flush(session: Session, recorder: HandshakeRecorder | undefined): boolean {
    const { mtu, stats } = this.#setup;
    const sentBefore = stats.datagramsSent;
    const flight: Uint8Array[] | undefined = recorder === undefined ? undefined : [];
    while (!this.#isStopped) {
      const size = session.takeDatagram(datagrams.reserve(mtu), datagrams.offset);
      if (size === 0) break;
      const datagram = datagrams.take(size);
      flight?.push(datagram);
      this.#transmit(datagram);
    }
    if (flight !== undefined && flight.length > 0 && recorder?.sent(flight)) stats.retransmits++;
    return stats.datagramsSent > sentBefore && !this.#isStopped;
  }

  /** Twice, so that a lossy path is not taken for a wrong key. */
  repeat({ flight }: HandshakeRecorder): void {
    for (const datagram of [...flight, ...flight]) this.#transmit(datagram);
  }

  /** A fatal alert in clear, for a peer that has not seen our change of cipher. */
  alert(description: number, { nextSequence }: HandshakeRecorder): void {
    this.#ownAlert = FATAL | description;
    this.#transmit(fatalAlertRecord(description, nextSequence));
  }

  keepAlive(): void {
    this.#transmit(KEEP_ALIVE);
  }

  /** The session is gone. */
  stop(): void {
    this.#isStopped = true;
  }

  /** A user's transport may throw; that ends this association and nothing else. */
  #transmit(datagram: Uint8Array): void {
    const { transport, stats } = this.#setup;
    stats.datagramsSent++;
    stats.bytesSent += datagram.length;
    try {
      transport.send(datagram);
    } catch (error) {
      this.#onFailure(error);
    }
  }
}
