import { appendFileSync } from 'node:fs';
import { usingFile } from './files';
import { UsageError } from './usage-error';

/**
 * What appends key log lines to the file, which only its owner may read; nothing without the flag. The flag without a
 * file means that of SSLKEYLOGFILE, which alone does nothing: it may be there for other programs.
 */
export function keylogWriter(flag: string | true | undefined): ((lines: Uint8Array) => void) | undefined {
  if (flag === undefined) return undefined;
  const file = flag === true ? process.env.SSLKEYLOGFILE : flag;
  if (!file) throw new UsageError('--keylog: name a file, here or in the environment variable SSLKEYLOGFILE.');
  const append = (lines: Uint8Array): void => appendFileSync(file, lines, { mode: 0o600 });
  usingFile('--keylog', () => append(new Uint8Array()));
  return append;
}
