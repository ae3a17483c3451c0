import type { Session } from '../../binding';
import type { HandshakeRecorder } from '../handshake/recorder';
import { fatalAlertRecord } from '../handshake/wire';
import { datagrams } from '../slab-outlet';
import type { DriverSetup } from './driver-setup';

/** Carries what OpenSSL wants to send to the transport: flights, alerts, repetitions; not the datagrams of messages. */
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
