import { isUint8Array } from 'node:util/types';
import { isRemoteAddress } from '../address';
import { optionError } from '../errors';
import { integer, show } from '../options/check';
import { noDatagram } from '../options/received';

/** The number of a datagram, or of bytes; what must be given. */
export function count(name: string, value: unknown): number {
  return integer(name, value, { min: 0, max: Number.MAX_SAFE_INTEGER });
}

/** What a timer takes. */
export function isMilliseconds(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < 2 ** 31;
}

/** Or the fallback when absent, as `integer`. */
export function milliseconds(name: string, value: unknown, fallback?: number): number {
  if (value === undefined && fallback !== undefined) return fallback;
  if (isMilliseconds(value)) return value;
  throw optionError(name, value, `a number of milliseconds is expected, not ${show(value)}.`);
}

export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw optionError(name, value, `a function is expected, not ${show(value)}.`);
}

export function checkDatagram(giver: string, datagram: unknown): void {
  if (!isUint8Array(datagram)) throw noDatagram(giver, datagram);
}

export function checkAddress(name: string, address: unknown): void {
  if (isRemoteAddress(address)) return;
  throw optionError(name, undefined, `an address and a port are expected, not ${show(address)}.`);
}
