import { isUint8Array } from 'node:util/types';
import type { RemoteAddress } from '../address';
import { DtlsError, isArray, optionError } from '../errors';
import { parseRecords, RECORD_NAMES, recordName } from '../handshake/wire';
import { isPromise } from '../maybe-promise';
import { integer, isObject, show } from '../options/check';
import { checkFunction, count, isMilliseconds, milliseconds } from './arguments';

/** A datagram that arrives later than it would. */
export interface Late {
  readonly datagram: Buffer;
  readonly delayMs: number;
}

/**
 * What arrives in place of the n-th datagram of a lane, counted from 0, `client`'s or for it; an empty list loses it.
 * The bytes are not to be changed, only copies of them. A rule that throws, or returns anything else, ends the
 * association whose datagram it was, as a transport does whose `send` throws: `ERR_DTLS_SOCKET`, the `cause` of which
 * has the code `ERR_DTLS_CALLBACK` and names the lane and the datagram. No other association is touched.
 */
export type Rule = (datagram: Buffer, n: number, client: RemoteAddress) => ReadonlyArray<Buffer | Late>;

export const deliverAll: Rule = (datagram) => [datagram];

/** One after another: each rule sees what the one before let through. Throws `ERR_DTLS_OPTION`, as all that follow. */
export function inTurn(...rules: Rule[]): Rule {
  for (const rule of rules) checkFunction('inTurn', rule);
  return (datagram, n, client) =>
    rules.reduce<ReadonlyArray<Buffer | Late>>(
      (arriving, rule) => arriving.flatMap((each) => applyTo(each, (bytes) => rule(bytes, n, client))),
      [datagram],
    );
}

function applyTo(each: Buffer | Late, rule: (bytes: Buffer) => unknown): Array<Buffer | Late> {
  if (Buffer.isBuffer(each)) return arrivals(rule(each));
  return arrivals(rule(each.datagram)).map((late) => {
    const { datagram, delayMs } = asLate(late);
    return { datagram, delayMs: delayMs + each.delayMs };
  });
}

export function asLate(arriving: Buffer | Late): Late {
  return Buffer.isBuffer(arriving) ? { datagram: arriving, delayMs: 0 } : arriving;
}

/** What a rule of the user's returned. Throws `ERR_DTLS_CALLBACK` when that cannot arrive. */
export function arrivals(returned: unknown): Array<Buffer | Late> {
  if (isArray(returned)) return Array.from(returned, arrival);
  // What an asynchronous rule rejects with, nobody has asked for.
  if (isPromise(returned)) returned.then(undefined, () => {});
  throw noArrival(show(returned));
}

function arrival(returned: unknown): Buffer | Late {
  if (isBuffer(returned)) return returned;
  const { datagram, delayMs } = isObject(returned) ? (returned as Late) : {};
  if (!isBuffer(datagram)) throw noArrival(`${show(returned)} in its list`);
  if (!isMilliseconds(delayMs)) throw noArrival(`a delayMs of ${show(delayMs)}`);
  return { datagram, delayMs };
}

/** Not what only inherits from one, too. */
function isBuffer(value: unknown): value is Buffer {
  return isUint8Array(value) && Buffer.isBuffer(value);
}

function noArrival(returned: string): DtlsError {
  const message = `it returned ${returned}; a list of Buffers or { datagram, delayMs } is expected`;
  return new DtlsError('ERR_DTLS_CALLBACK', message);
}

/** Loses the datagrams of these numbers. */
export function drop(...numbers: number[]): Rule {
  for (const n of numbers) count('drop', n);
  return (datagram, n) => (numbers.includes(n) ? [] : [datagram]);
}

/** The datagrams of these numbers arrive twice. */
export function duplicate(...numbers: number[]): Rule {
  for (const n of numbers) count('duplicate', n);
  return (datagram, n) => (numbers.includes(n) ? [datagram, datagram] : [datagram]);
}

/** The n-th datagram arrives so many milliseconds later. */
export function delay(n: number, delayMs: number): Rule {
  count('n', n);
  milliseconds('delayMs', delayMs);
  return (datagram, number) => (number === n ? [{ datagram, delayMs }] : [datagram]);
}

/** The n-th datagram arrives right behind the so-many-th one that follows it; never when none does. */
export function late(n: number, behind = 1): Rule {
  count('n', n);
  integer('behind', behind, { min: 1, max: Number.MAX_SAFE_INTEGER });
  let held: Buffer | undefined;
  return (datagram, number) => {
    if (number === n) {
      held = datagram;
      return [];
    }
    return held !== undefined && number === n + behind ? [datagram, held] : [datagram];
  };
}

/** Of the n-th datagram only the first `size` bytes arrive. */
export function truncate(n: number, size: number): Rule {
  count('n', n);
  count('size', size);
  return (datagram, number) => [number === n ? datagram.subarray(0, size) : datagram];
}

/** The bits of `mask` in the byte at `offset` of the n-th datagram arrive inverted; from its end when negative. */
export function corrupt(n: number, offset: number, mask = 0xff): Rule {
  count('n', n);
  integer('offset', offset, { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
  integer('mask', mask, { min: 1, max: 0xff });
  return (datagram, number) => [number === n ? corrupted(datagram, offset, mask) : datagram];
}

/** A copy with bits of one byte inverted; the same when there is no such byte. */
export function corrupted(datagram: Buffer, offset: number, mask: number): Buffer {
  const at = offset < 0 ? datagram.length + offset : offset;
  if (at < 0 || at >= datagram.length) return datagram;
  const copy = Buffer.from(datagram);
  copy[at] = (copy[at] as number) ^ mask;
  return copy;
}

/** What a datagram may hold (RFC 5246 section 7.4, RFC 6347 section 4.3.2). */
export type RecordName = (typeof RECORD_NAMES)[number];

/**
 * Loses every datagram that holds such a record, or the first `times` ones. Messages of the handshake are known by name
 * as long as they are in clear; an encrypted one is the Finished.
 */
export function dropRecord(name: RecordName, times = Number.POSITIVE_INFINITY): Rule {
  if (!RECORD_NAMES.includes(name)) {
    throw optionError('name', name, `one of ${RECORD_NAMES.join(', ')} is expected, not ${show(name)}.`);
  }
  let left = times === Number.POSITIVE_INFINITY ? times : count('times', times);
  return (datagram) => {
    if (left <= 0 || !parseRecords(datagram).some((record) => recordName(record) === name)) return [datagram];
    left--;
    return [];
  };
}
