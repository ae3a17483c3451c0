import { isUint8Array } from 'node:util/types';
import { isRemoteAddress } from '../address';
import { type DtlsError, optionError } from '../errors';
import { show } from './check';

/** That somebody else's code has received a datagram, and from an address. `giver` is to blame. */
export function checkReceived(giver: string, datagram: unknown, from: unknown): void {
  if (!isUint8Array(datagram)) throw noDatagram(giver, datagram);
  if (isRemoteAddress(from)) return;
  throw optionError('from', undefined, `${giver}: an address and a port are expected, those of the sender.`);
}

/** In bytes; negative for what is no datagram. */
export function sizeOf(datagram: unknown): number {
  return isUint8Array(datagram) ? datagram.length : -1;
}

/** Whether so many bytes are there, from this offset on. */
export function isPiece(bytes: unknown, offset: number, length: number): boolean {
  const isRange = Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 0;
  return isRange && offset + length <= sizeOf(bytes);
}

/** The error for what is no datagram, or no piece of these bytes. */
export function noDatagram(giver: string, given: unknown): DtlsError {
  const remedy = isUint8Array(given)
    ? `the offset and length of a piece of these ${show(given)} are expected.`
    : `a Uint8Array is expected, not ${show(given)}.`;
  return optionError('datagram', undefined, `${giver}: ${remedy}`);
}
