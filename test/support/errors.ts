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
