import { inspect } from 'node:util';
import { expect } from '@jest/globals';
import { DtlsError } from '../../lib/errors';

/** The DtlsError that the function throws. */
export function thrown(run: () => unknown): DtlsError {
  try {
    run();
  } catch (error) {
    if (DtlsError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** The DtlsError that the promise rejects with. */
export async function rejected(promise: Promise<unknown>): Promise<DtlsError> {
  const error = await promise.then(
    () => new Error('the promise was resolved'),
    (reason) => reason,
  );
  if (DtlsError.is(error)) return error;
  throw error;
}

/** That nothing a log would show of the error gives the secret away, in whatever spelling. */
export function expectNoTrace(error: DtlsError, secret: Uint8Array): void {
  const shown = [error.message, error.stack, JSON.stringify(error), inspect(error, { depth: 9, maxArrayLength: 999 })];
  const part = Buffer.from(secret.subarray(0, 8));
  for (const text of shown) {
    expect(text).not.toContain(part.toString('latin1'));
    expect(text).not.toContain(part.toString('hex'));
    expect(text).not.toContain(part.toString('base64').slice(0, 10));
    expect(text).not.toContain(inspect(part).slice('<Buffer '.length, -1));
    expect(text).not.toContain([...part].join(','));
  }
  for (const value of Object.values(error)) expect(value).not.toBeInstanceOf(Uint8Array);
}
