import type { CloseInfo, DtlsAssociation } from '../../index';
import { EchoMessage, FOREIGN, fillerMessage } from './echo-message';
import { ErrorTally } from './error-tally';
import { InFlight } from './in-flight';
import { LatencyHistogram, LatencyRecorder } from './latency';
import { createPacer, type Pacer, type Sender } from './pacers';
import { MAX_IN_FLIGHT, type Plan } from './plan';
import { Rotation } from './rotation';

const LOSS_CHECK_INTERVAL_MS = 20;
/** With a rate: slots beyond twice those that fill up until a message counts as lost. */
const SPARE_SLOTS = 1024;

/**
 * The messages of a run and their answers. Nothing here makes a promise, a closure or an object for a message.
 * Associations go by their index.
 */
export class Traffic implements Sender {
  /** From the time at which a message should have left to its answer. */
  readonly latency = new LatencyRecorder();
  readonly lag = new LatencyHistogram();
  /** Associations that ended by themselves. */
  readonly ended = new ErrorTally();
  sent = 0;
  answered = 0;
  lost = 0;
  /** Answers that came when they were no longer waited for. */
  late = 0;
  /** What came and is not the echo that was expected. */
  foreign = 0;
  /** As of performance.now(). */
  lastAnswerAt = 0;
  readonly #plan: Plan;
  readonly #associations: readonly DtlsAssociation[];
  /** Absent when no answers are expected. */
  readonly #inFlight: InFlight | undefined;
  readonly #echo: EchoMessage | undefined;
  readonly #message: Buffer;
  /** Those that are open, and whose queue has room. */
  readonly #sendable: Rotation;
  readonly #pacer: Pacer;
  #openCount: number;
  #onAllEnded = (): void => {};
  #lossCheck: NodeJS.Timeout | undefined;
  #onSettled: (() => void) | undefined;

  constructor(plan: Plan, associations: readonly DtlsAssociation[]) {
    this.#plan = plan;
    this.#associations = associations;
    if (plan.answerTimeoutMs !== undefined) {
      this.#inFlight = new InFlight(slotsFor(plan, associations.length), associations.length);
      if (plan.answers === 'echo') this.#echo = new EchoMessage(plan.size, this.#inFlight);
    }
    this.#message = this.#echo?.bytes ?? fillerMessage(plan.size);
    this.#sendable = new Rotation(associations.length);
    this.#openCount = associations.length;
    this.#pacer = createPacer(plan, associations.length, this);
  }

  /** Associations that are still open. */
  get openCount(): number {
    return this.#openCount;
  }

  /** Resolves when no association is open any more. */
  start(): Promise<void> {
    this.#associations.forEach((association, index) => {
      if (this.#inFlight !== undefined) association.on('message', (data) => this.#answer(index, data));
      association.on('drain', () => this.#sendable.add(index));
      association.closed.then((info) => this.#end(index, info));
    });
    const allEnded = new Promise<void>((resolve) => {
      this.#onAllEnded = resolve;
    });
    this.#lossCheck = setInterval(() => this.#findLost(), LOSS_CHECK_INTERVAL_MS);
    this.#pacer.start();
    return allEnded;
  }

  /** Sends nothing more. Returns how many messages should have left until now that did not. */
  stopSending(): number {
    this.#pacer.stop();
    return Math.max(0, (this.#pacer.dueBy(performance.now()) ?? this.sent) - this.sent);
  }

  /** Resolves when every message that was sent has its answer or is lost. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#onSettled = resolve;
      this.#findLost();
    });
  }

  send(index: number, at: number, now: number): void {
    const association = this.#associations[index];
    if (association.state !== 'open') return;
    if (this.#inFlight !== undefined) {
      const slot = this.#inFlight.take(index, at, now);
      this.#echo?.stamp(slot);
    }
    this.sent++;
    if (!association.send(this.#message)) this.#sendable.remove(index);
  }

  sendNext(at: number, now: number): boolean {
    while (!this.#sendable.isEmpty && this.#inFlight?.isFull !== true) {
      const index = this.#sendable.next();
      if (this.#associations[index].state === 'open') {
        this.send(index, at, now);
        return true;
      }
      this.#sendable.remove(index);
    }
    return false;
  }

  #answer(index: number, data: Buffer): void {
    const now = performance.now();
    const inFlight = this.#inFlight as InFlight;
    const slot = this.#echo?.slotOf(data, index) ?? inFlight.oldestOf(index);
    if (slot < 0) {
      if (slot === FOREIGN) this.foreign++;
      else this.late++;
      return;
    }
    this.latency.record(now - inFlight.dueTimeOf(slot));
    inFlight.release(slot);
    this.answered++;
    this.lastAnswerAt = now;
    this.#pacer.freed(index, now);
  }

  #findLost(): void {
    const now = performance.now();
    const sentBefore = now - (this.#plan.answerTimeoutMs ?? 0);
    for (let index = 0; index < this.#associations.length; index++) this.#giveUp(index, sentBefore, now);
    if (this.#onSettled === undefined || (this.#inFlight?.size ?? 0) > 0) return;
    clearInterval(this.#lossCheck);
    this.#onSettled();
  }

  #giveUp(index: number, sentBefore: number, now: number): void {
    const inFlight = this.#inFlight;
    if (inFlight === undefined) return;
    for (;;) {
      const slot = inFlight.oldestOf(index);
      if (slot < 0 || inFlight.sendTimeOf(slot) > sentBefore) return;
      inFlight.release(slot);
      this.lost++;
      this.#pacer.freed(index, now);
    }
  }

  #end(index: number, { reason, error }: CloseInfo): void {
    if (reason === 'local') return;
    if (error === undefined) this.ended.add('close_notify', 'The server closed the association.');
    else this.ended.addError(error);
    this.#sendable.remove(index);
    this.#giveUp(index, Number.POSITIVE_INFINITY, performance.now());
    if (--this.#openCount === 0) this.#onAllEnded();
  }
}

function slotsFor({ rate, window, answerTimeoutMs = 0 }: Plan, associations: number): number {
  if (rate === undefined) return associations * (window as number);
  return Math.min(MAX_IN_FLIGHT, SPARE_SLOTS + Math.ceil((2 * rate * answerTimeoutMs) / 1000));
}
