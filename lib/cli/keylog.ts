import { appendFileSync } from 'node:fs';
import { UsageError } from './usage-error';

/** What appends key log lines to the file, which only its owner may read; nothing without a file. */
export function keylogWriter(file: string | undefined): ((lines: Uint8Array) => void) | undefined {
  if (file === undefined) return undefined;
  const append = (lines: Uint8Array): void => appendFileSync(file, lines, { mode: 0o600 });
  try {
    append(new Uint8Array());
  } catch (error) {
    throw new UsageError(`--keylog: ${(error as Error).message}`);
  }
  return append;
}
