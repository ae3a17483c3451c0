import type { RemoteAddress } from '../address';
import { optionError } from '../errors';
import { parseRecords, RECORD_NAMES, recordName } from '../handshake/wire';
import { show } from '../options/check';

/** A datagram that arrives later than it would. */
export interface Late {
  readonly datagram: Buffer;
  readonly delayMs: number;
}

/**
 * What arrives in place of the n-th datagram of a lane, counted from 0, `client`'s or for it; an empty list loses it.
 * The bytes are not to be changed, only copies of them.
 */
export type Rule = (datagram: Buffer, n: number, client: RemoteAddress) => ReadonlyArray<Buffer | Late>;

export const deliverAll: Rule = (datagram) => [datagram];

/** One after another: each rule sees what the one before let through. */
export function inTurn(...rules: Rule[]): Rule {
  return (datagram, n, client) =>
    rules.reduce<ReadonlyArray<Buffer | Late>>(
      (arriving, rule) => arriving.flatMap((each) => applyTo(each, (bytes) => rule(bytes, n, client))),
      [datagram],
    );
}

function applyTo(each: Buffer | Late, rule: (bytes: Buffer) => ReadonlyArray<Buffer | Late>) {
  if (Buffer.isBuffer(each)) return rule(each);
  return rule(each.datagram).map((late) => {
    const { datagram, delayMs } = asLate(late);
    return { datagram, delayMs: delayMs + each.delayMs };
  });
}

export function asLate(arriving: Buffer | Late): Late {
  return Buffer.isBuffer(arriving) ? { datagram: arriving, delayMs: 0 } : arriving;
}

/** Loses the datagrams of these numbers. */
export function drop(...numbers: number[]): Rule {
  return (datagram, n) => (numbers.includes(n) ? [] : [datagram]);
}

/** The datagrams of these numbers arrive twice. */
export function duplicate(...numbers: number[]): Rule {
  return (datagram, n) => (numbers.includes(n) ? [datagram, datagram] : [datagram]);
}

/** The n-th datagram arrives so many milliseconds later. */
export function delay(n: number, delayMs: number): Rule {
  return (datagram, number) => (number === n ? [{ datagram, delayMs }] : [datagram]);
}

/** The n-th datagram arrives right behind the so-many-th one that follows it; never when none does. */
export function late(n: number, behind = 1): Rule {
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
  return (datagram, number) => [number === n ? datagram.subarray(0, size) : datagram];
}

/** The bits of `mask` in the byte at `offset` of the n-th datagram arrive inverted; from its end when negative. */
export function corrupt(n: number, offset: number, mask = 0xff): Rule {
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
 * as long as they are in clear; an encrypted one is the Finished. Throws `ERR_DTLS_OPTION` for an unknown name.
 */
export function dropRecord(name: RecordName, times = Number.POSITIVE_INFINITY): Rule {
  if (!RECORD_NAMES.includes(name)) {
    throw optionError('name', name, `one of ${RECORD_NAMES.join(', ')} is expected, not ${show(name)}.`);
  }
  let left = times;
  return (datagram) => {
    if (left <= 0 || !parseRecords(datagram).some((record) => recordName(record) === name)) return [datagram];
    left--;
    return [];
  };
}
