import { isUint8Array } from 'node:util/types';
import type { DtlsAssociation } from '../association/association';
import { optionError } from '../errors';
import type { MaybePromise } from '../maybe-promise';
import { callback, checkNames, integer, show } from './check';

/** Exactly one of `interval` and `natTimeout`; at most one of `message` and `probe`. */
export interface KeepAliveOptions {
  /** Milliseconds from one keep-alive to the next, whatever else is sent. */
  interval?: number | undefined;
  /**
   * Milliseconds of silence after which the NAT forgets us: one is sent when nothing has been sent for 80 to 90 percent
   * of them.
   */
  natTimeout?: number | undefined;
  /**
   * An application message that the peer answers. Without it, and without `probe`, an empty record in clear is sent,
   * 13 bytes, which NATs see and the peer drops.
   */
  message?: string | Uint8Array | (() => string | Uint8Array) | undefined;
  /** Asks the peer in the application's own way: true when it answered. */
  probe?: ((association: DtlsAssociation) => MaybePromise<boolean>) | undefined;
  /**
   * After so many messages or probes without any message of the peer the association ends with `ERR_DTLS_PEER_DEAD`.
   * Default 3.
   */
  maxUnanswered?: number | undefined;
}

/** `KeepAliveOptions`, checked and complete. */
export interface KeepAliveConfig {
  readonly tickMs: number;
  /** A keep-alive is due after so many ticks in which nothing was sent; 0: at each tick. */
  readonly silentTicks: number;
  readonly message: (() => string | Uint8Array) | undefined;
  readonly probe: ((association: DtlsAssociation) => MaybePromise<boolean>) | undefined;
  readonly maxUnanswered: number;
}

const NAMES = ['interval', 'natTimeout', 'message', 'probe', 'maxUnanswered'] as const;
const MAX_TIMER_MS = 2 ** 31 - 1;
const DEFAULT_MAX_UNANSWERED = 3;
const TICKS_OF_NAT_TIMEOUT = 10;
/** What was sent last may be as much as one tick older than it seems, and one more is for a timer that is late. */
const SILENT_TICKS = TICKS_OF_NAT_TIMEOUT - 2;

/** Undefined: no keep-alives. Throws `ERR_DTLS_OPTION` for the first option that cannot be used. */
export function parseKeepAlive(given: number | KeepAliveOptions | undefined, mtu: number): KeepAliveConfig | undefined {
  if (given === undefined) return undefined;
  const options = typeof given === 'number' ? { interval: given } : given;
  checkNames('keepAlive', options, NAMES);
  const message = parseMessage(options.message, mtu);
  const probe = callback('keepAlive.probe', options.probe);
  if (message !== undefined && probe !== undefined) {
    throw optionError('keepAlive.probe', undefined, 'one way to ask the peer is enough: leave out message or probe.');
  }
  if (options.maxUnanswered !== undefined && message === undefined && probe === undefined) {
    const remedy = 'the peer answers nothing without a message or a probe: give one, or leave maxUnanswered out.';
    throw optionError('keepAlive.maxUnanswered', options.maxUnanswered, remedy);
  }
  const bounds = { min: 1, max: 1000 };
  return Object.freeze({
    ...parseTimes(options),
    message,
    probe,
    maxUnanswered: integer('keepAlive.maxUnanswered', options.maxUnanswered, bounds, DEFAULT_MAX_UNANSWERED),
  });
}

function parseTimes({ interval, natTimeout }: KeepAliveOptions): Pick<KeepAliveConfig, 'tickMs' | 'silentTicks'> {
  if (interval !== undefined && natTimeout !== undefined) {
    const remedy = 'an interval is kept whatever is sent: leave out interval or natTimeout.';
    throw optionError('keepAlive.natTimeout', natTimeout, remedy);
  }
  if (natTimeout !== undefined) {
    const ms = integer('keepAlive.natTimeout', natTimeout, { min: TICKS_OF_NAT_TIMEOUT, max: MAX_TIMER_MS }, 0);
    return { tickMs: Math.floor(ms / TICKS_OF_NAT_TIMEOUT), silentTicks: SILENT_TICKS };
  }
  if (interval === undefined) {
    const remedy = 'when? Give interval, or natTimeout, in milliseconds; NATs forget after 30 seconds or more.';
    throw optionError('keepAlive', undefined, remedy);
  }
  return { tickMs: integer('keepAlive.interval', interval, { min: 1, max: MAX_TIMER_MS }, 0), silentTicks: 0 };
}

function parseMessage(message: unknown, mtu: number): KeepAliveConfig['message'] {
  if (message === undefined) return undefined;
  if (typeof message === 'function') return message as () => string | Uint8Array;
  if (typeof message !== 'string' && !isUint8Array(message)) {
    const remedy = `a string, a Uint8Array, or a function that returns one is expected, not ${show(message)}.`;
    throw optionError('keepAlive.message', message, remedy);
  }
  // A copy: it is sent again and again. What was detached cannot be copied, and is empty.
  const bytes = message.length === 0 ? Buffer.alloc(0) : Buffer.from(message);
  if (bytes.length > 0 && bytes.length < mtu) return () => bytes;
  const remedy = `a message has at least 1 byte and less than the mtu of ${mtu}; this one has ${bytes.length}.`;
  throw optionError('keepAlive.message', undefined, remedy);
}
