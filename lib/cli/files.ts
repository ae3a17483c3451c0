import { readFileSync } from 'node:fs';
import { UsageError } from './usage-error';

/** What the file that a flag names holds. Throws a UsageError that names the flag. */
export function readFlagFile(flag: string, file: string): Buffer {
  return usingFile(flag, () => readFileSync(file));
}

/** A system error becomes a UsageError that names the flag. */
export function usingFile<T>(flag: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw new UsageError(`${flag}: ${(error as Error).message}`);
  }
}
