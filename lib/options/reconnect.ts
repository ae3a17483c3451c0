import { optionError } from '../errors';
import { boolean, checkNames, integer } from './check';

export interface ReconnectOptions {
  /** Milliseconds before the first attempt. Default 1000; it doubles with each, and varies by a quarter. */
  initialDelay?: number | undefined;
  /** The longest delay in milliseconds. Default 60000. */
  maxDelay?: number | undefined;
  /** Attempts before the association ends with the error of the last. Default `Infinity`. */
  maxAttempts?: number | undefined;
  /** So many messages are kept meanwhile, and sent once connected again. Default 0: `send` throws `ERR_DTLS_STATE`. */
  queue?: number | undefined;
}

/** `ReconnectOptions`, checked and complete. */
export interface ReconnectConfig {
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  readonly maxAttempts: number;
  readonly queue: number;
}

const NAMES = ['initialDelay', 'maxDelay', 'maxAttempts', 'queue'] as const;
const DAY_MS = 86_400_000;

/** Undefined: a lost association is closed. Throws `ERR_DTLS_OPTION` for the first option that cannot be used. */
export function parseReconnect(
  given: boolean | ReconnectOptions | undefined,
  transport: unknown,
): ReconnectConfig | undefined {
  if (given === undefined || typeof given === 'boolean') {
    if (!boolean('reconnect', given, false)) return undefined;
  } else {
    checkNames('reconnect', given, NAMES);
  }
  if (transport !== undefined) {
    const remedy = 'a transport of your own cannot be opened twice; make a new association with a new one.';
    throw optionError('reconnect', undefined, remedy);
  }
  const { initialDelay, maxDelay, maxAttempts, queue }: ReconnectOptions = typeof given === 'object' ? given : {};
  const initialDelayMs = integer('reconnect.initialDelay', initialDelay, { min: 1, max: DAY_MS }, 1000);
  const bounds = { min: initialDelayMs, max: DAY_MS };
  return Object.freeze({
    initialDelayMs,
    maxDelayMs: integer('reconnect.maxDelay', maxDelay, bounds, Math.max(initialDelayMs, 60_000)),
    maxAttempts: parseMaxAttempts(maxAttempts),
    queue: integer('reconnect.queue', queue, { min: 0, max: 65_536 }, 0),
  });
}

function parseMaxAttempts(attempts: number | undefined): number {
  if (attempts === Number.POSITIVE_INFINITY) return attempts;
  return integer('reconnect.maxAttempts', attempts, { min: 1, max: 2 ** 31 - 1 }, Number.POSITIVE_INFINITY);
}
