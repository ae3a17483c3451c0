import { isUint8Array } from 'node:util/types';
import { DtlsError, messageSizeError } from '../errors';
import { show } from '../options/check';

/** A message as it is sent. Throws `ERR_DTLS_OPTION` for what is none, and `ERR_DTLS_MESSAGE_SIZE`. */
export function messageBytes(data: string | Uint8Array, maxPayload: number): Uint8Array {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  if (!isUint8Array(bytes)) {
    throw new DtlsError('ERR_DTLS_OPTION', `send: a string or Uint8Array is expected, not ${show(data)}.`);
  }
  if (bytes.length === 0 || bytes.length > maxPayload) throw messageSizeError(bytes.length, maxPayload);
  return bytes;
}
