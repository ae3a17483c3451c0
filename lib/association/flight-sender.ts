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

/**
 * Carries to the transport what is no message: what OpenSSL wants to send (flights, alerts), repetitions, keep-alives.
 */
export class FlightSender {
  readonly #setup: DriverSetup;
  readonly #onFailure: (error: Error) => void;
  #isStopped = false;

  /** `onFailure` is told when the user's transport throws. */
  constructor(setup: DriverSetup, onFailure: (error: Error) => void) {
    this.#setup = setup;
    this.#onFailure = onFailure;
  }

  /** Sends everything that waits. `recorder` watches the flights of a handshake. */
  flush(session: Session, recorder: HandshakeRecorder | undefined): void {
    const { mtu, stats } = this.#setup;
    const flight: Uint8Array[] | undefined = recorder === undefined ? undefined : [];
    while (!this.#isStopped) {
      const size = session.takeDatagram(datagrams.reserve(mtu), datagrams.offset);
      if (size === 0) break;
      const datagram = datagrams.take(size);
      flight?.push(datagram);
      this.#transmit(datagram);
    }
    if (flight !== undefined && flight.length > 0 && recorder?.sent(flight)) stats.retransmits++;
  }

  /** Twice, so that a lossy path is not taken for a wrong key. */
  repeat({ flight }: HandshakeRecorder): void {
    for (const datagram of [...flight, ...flight]) this.#transmit(datagram);
  }

  /** A fatal alert in clear, for a peer that has not seen our change of cipher. */
  alert(description: number, { nextSequence }: HandshakeRecorder): void {
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
      this.#onFailure(error as Error);
    }
  }
}
