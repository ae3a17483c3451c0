import type { DtlsAssociation, HandshakeInfo } from '../../index';
import { ErrorTally } from './error-tally';
import { LatencyRecorder } from './latency';

/** Makes an association to this address of the server, or to the host as the user named it. */
export type MakeAssociation = (address: string | undefined) => DtlsAssociation;

/** The handshakes of a run, so many at a time, and what became of them. */
export class Opening {
  readonly latency = new LatencyRecorder();
  readonly failures = new ErrorTally();
  /** Associations whose handshake is complete. */
  readonly opened: DtlsAssociation[] = [];
  retransmits = 0;
  readonly #total: number;
  readonly #make: MakeAssociation;
  readonly #pending = new Set<DtlsAssociation>();
  #started = 0;
  #isStopped = false;
  /** The one of the host's addresses that answers; the others need not be tried again. */
  #address: string | undefined;

  constructor(total: number, make: MakeAssociation) {
    this.#total = total;
    this.#make = make;
  }

  /** Resolves when every handshake has ended, well or not. */
  async run(atOnce: number): Promise<void> {
    await Promise.all(Array.from({ length: Math.min(atOnce, this.#total) }, () => this.#openOneByOne()));
  }

  /** Gives up the handshakes that have not ended. */
  stop(): void {
    this.#isStopped = true;
    for (const association of this.#pending) association.destroy();
  }

  async #openOneByOne(): Promise<void> {
    while (this.#started < this.#total && !this.#isStopped) {
      this.#started++;
      await this.#open(this.#make(this.#address));
    }
  }

  async #open(association: DtlsAssociation): Promise<void> {
    association.on('handshakeTimeout', () => {
      this.retransmits++;
    });
    this.#pending.add(association);
    try {
      await association.startHandshake().opened;
      this.#address = association.remote.address;
      this.opened.push(association);
      this.latency.record((association.handshake as HandshakeInfo).durationMs);
    } catch (error) {
      if (!this.#isStopped) this.failures.addError(error as Error);
    } finally {
      this.#pending.delete(association);
    }
  }
}
