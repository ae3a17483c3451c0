import type { SecurityFlags } from '../options';
import { UsageError } from '../usage-error';
import { HEADER_SIZE } from './echo-message';

export interface BenchFlags extends SecurityFlags {
  associations: number;
  /** How many handshakes run at the same time. */
  handshakes: number;
  /** Messages per second over all associations. */
  rate?: number;
  window: number;
  size: number;
  /** Seconds. */
  duration: number;
  /** Seconds. */
  answerTimeout: number;
  oneWay?: true;
  anyReply?: true;
  json?: true;
  html?: string;
}

/** What a run does; reports tell it. */
export interface Plan {
  host: string;
  port: number;
  associations: number;
  /** How many handshakes run at the same time. */
  handshakesAtOnce: number;
  /** Messages per second over all associations; absent: as fast as it goes. */
  rate?: number;
  /** Messages in flight on each association; present when the answers set the pace. */
  window?: number;
  /** Bytes of one message. */
  size: number;
  durationMs: number;
  /** What counts as an answer: the message itself, anything, or none is expected. */
  answers: 'echo' | 'any' | 'none';
  /** A message without an answer for so long is lost; absent when none is expected. */
  answerTimeoutMs?: number;
  /** The server's certificate is not verified. */
  insecure?: true;
}

/** So that what is kept of unanswered messages stays below 40 MB. */
export const MAX_IN_FLIGHT = 2 ** 20;

/** Throws a UsageError for flags that do not go together. */
export function makePlan(host: string, port: number, flags: BenchFlags): Plan {
  const { associations, handshakes, rate, window, size, duration, answerTimeout } = flags;
  const answers = flags.oneWay ? 'none' : flags.anyReply ? 'any' : 'echo';
  const isPacedByAnswers = rate === undefined && answers !== 'none';
  if (answers === 'echo' && size < HEADER_SIZE) {
    throw new UsageError(
      `--size: a message that is to be told from others has ${HEADER_SIZE} bytes or more; --any-reply and --one-way ` +
        'take fewer.',
    );
  }
  if (isPacedByAnswers && associations * window > MAX_IN_FLIGHT) {
    throw new UsageError(`--window: up to ${MAX_IN_FLIGHT} messages may be in flight, over all associations.`);
  }
  return {
    host,
    port,
    associations,
    handshakesAtOnce: handshakes,
    ...(rate !== undefined && { rate }),
    ...(isPacedByAnswers && { window }),
    size,
    durationMs: duration * 1000,
    answers,
    ...(answers !== 'none' && { answerTimeoutMs: answerTimeout * 1000 }),
    ...(flags.insecure && { insecure: true }),
  };
}
