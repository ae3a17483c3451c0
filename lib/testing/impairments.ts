import { optionError } from '../errors';
import { checkNames, integer, show } from '../options/check';
import { milliseconds } from './arguments';
import { corrupted, type Late } from './rules';

/** What befalls the datagrams of one lane, at random but by a seed. */
export interface Impairments {
  /** Chance that a datagram is lost: 0 to 1. Default 0. */
  loss?: number;
  /** Chance that it arrives twice. */
  duplicate?: number;
  /** Chance that one bit of it is inverted. */
  corrupt?: number;
  /** Chance that it takes `reorderMs` longer than its time, so that others overtake it. */
  reorder?: number;
  /** Default 50. */
  reorderMs?: number;
  /** How long it takes, in milliseconds: always so long, or between two bounds, which reorders as well. Default 0. */
  delayMs?: number | readonly [least: number, most: number];
  /** What the lane carries in a second. Default: any number. */
  bytesPerSecond?: number;
  /** How many bytes wait for that; a datagram that finds more is lost. Default 65536. */
  queueBytes?: number;
  /**
   * Larger datagrams are lost, as behind a router that tells nobody. Bytes of UDP payload. Default: none is too large.
   */
  mtu?: number;
}

const NAMES = [
  'loss',
  'duplicate',
  'corrupt',
  'reorder',
  'reorderMs',
  'delayMs',
  'bytesPerSecond',
  'queueBytes',
  'mtu',
] as const;

/** Does to datagrams what `Impairments` say. */
export class Impairer {
  readonly #chances: { loss: number; duplicate: number; corrupt: number; reorder: number };
  readonly #reorderMs: number;
  readonly #delayMs: readonly [number, number];
  readonly #bytesPerMs: number;
  readonly #queueMs: number;
  readonly #mtu: number;
  readonly #random: () => number;
  /** When the lane has carried all that was given to it, in performance.now() milliseconds. */
  #freeAtMs = 0;

  /** Throws `ERR_DTLS_OPTION`. */
  constructor(given: Impairments, random: () => number) {
    checkNames('impair', given, NAMES);
    this.#chances = {
      loss: chance('loss', given.loss),
      duplicate: chance('duplicate', given.duplicate),
      corrupt: chance('corrupt', given.corrupt),
      reorder: chance('reorder', given.reorder),
    };
    this.#reorderMs = milliseconds('reorderMs', given.reorderMs, 50);
    this.#delayMs = parseDelay(given.delayMs);
    const bounds = { min: 1, max: Number.MAX_SAFE_INTEGER };
    this.#bytesPerMs = integer('bytesPerSecond', given.bytesPerSecond, bounds, Number.POSITIVE_INFINITY) / 1000;
    this.#queueMs = integer('queueBytes', given.queueBytes, bounds, 65_536) / this.#bytesPerMs;
    this.#mtu = integer('mtu', given.mtu, bounds, Number.POSITIVE_INFINITY);
    this.#random = random;
  }

  /** What arrives of a datagram, and how much later. */
  apply(datagram: Buffer): Late[] {
    // As many draws for each datagram, whatever becomes of it: one chance that is changed leaves the others' course.
    const random = this.#random;
    const [loss, duplicate, corrupt, reorder] = [random(), random(), random(), random()];
    const [delay, bit] = [random(), random()];
    const waitMs = this.#queue(datagram.length);
    if (loss < this.#chances.loss || datagram.length > this.#mtu || waitMs === undefined) return [];
    const [least, most] = this.#delayMs;
    const extraMs = reorder < this.#chances.reorder ? this.#reorderMs : 0;
    const delayMs = waitMs + least + delay * (most - least) + extraMs;
    const inverted = Math.floor(bit * datagram.length * 8);
    const bytes = corrupt < this.#chances.corrupt ? corrupted(datagram, inverted >> 3, 1 << (inverted & 7)) : datagram;
    return Array.from({ length: duplicate < this.#chances.duplicate ? 2 : 1 }, () => ({ datagram: bytes, delayMs }));
  }

  /** How long until a datagram has passed at the lane's rate; undefined when the queue is full. */
  #queue(size: number): number | undefined {
    if (this.#bytesPerMs === Number.POSITIVE_INFINITY) return 0;
    const now = performance.now();
    const begins = Math.max(now, this.#freeAtMs);
    if (begins - now > this.#queueMs) return undefined;
    this.#freeAtMs = begins + size / this.#bytesPerMs;
    return this.#freeAtMs - now;
  }
}

function chance(name: string, value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw optionError(name, value, `a number from 0 to 1 is expected, not ${show(value)}.`);
}

function parseDelay(given: Impairments['delayMs']): readonly [number, number] {
  if (!Array.isArray(given)) {
    const delayMs = milliseconds('delayMs', given, 0);
    return [delayMs, delayMs];
  }
  const [least, most] = [milliseconds('delayMs', given[0], 0), milliseconds('delayMs', given[1], 0)];
  if (given.length === 2 && least <= most) return [least, most];
  throw optionError('delayMs', given, 'two numbers of milliseconds are expected, the smaller one first.');
}
