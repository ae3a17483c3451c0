import { randomBytes } from 'node:crypto';
import { isUint8Array } from 'node:util/types';
import { optionError } from '../errors';
import { show } from '../options/check';

/** As in `node:tls`: 16 bytes of name, 16 for HMAC-SHA256, 16 for AES-128-CBC. */
export const TICKET_KEY_BYTES = 48;
/** So many generations are read at most. */
const MAX_TICKET_KEYS = 16;

/** One key or several: the first makes tickets, all read them. */
export type TicketKeys = Uint8Array | readonly Uint8Array[];

export function randomTicketKeys(): Buffer[] {
  return [randomBytes(TICKET_KEY_BYTES)];
}

/** Copies of the keys. Throws `ERR_DTLS_OPTION`. */
export function parseTicketKeys(keys: unknown): Buffer[] {
  const list: readonly unknown[] = Array.isArray(keys) ? keys : [keys];
  if (list.length === 0 || list.length > MAX_TICKET_KEYS) {
    throw optionError('ticketKeys', undefined, `1 to ${MAX_TICKET_KEYS} keys are expected, not ${list.length}.`);
  }
  // Not by map(), which passes over holes.
  return Array.from(list, (key) => {
    if (isUint8Array(key) && key.length === TICKET_KEY_BYTES) return Buffer.from(key);
    const given = show(isUint8Array(key) ? key : typeof key);
    const remedy = `a key is a Uint8Array of ${TICKET_KEY_BYTES} random bytes, not ${given}.`;
    throw optionError('ticketKeys', undefined, remedy);
  });
}
