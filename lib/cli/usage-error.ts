import { DtlsError } from '../index';

/** The command was called in a way that cannot work: exit code 2. */
export class UsageError extends Error {}

/** Whether the call is at fault: a flag, a file that it names, or the option of the library that became of it. */
export function isUsageError(error: unknown): boolean {
  return error instanceof UsageError || (DtlsError.is(error) && error.option !== undefined);
}
