import { closeSync, fchmodSync, fstatSync, openSync, writeFileSync } from 'node:fs';
import { usingFile } from './files';

/** What stores sessions in the file of --sess-out. They hold keys: only the owner of the file may read them. */
export function sessionWriter(file: string): (session: Uint8Array) => void {
  usingFile('--sess-out', () => {
    // Not emptied yet: it may be the file of --sess-in, whose session is of use until there is a new one.
    const fd = openSync(file, 'a', 0o600);
    try {
      // The file may be older than this command, but /dev/null is everybody's.
      if (fstatSync(fd).isFile()) fchmodSync(fd, 0o600);
    } finally {
      closeSync(fd);
    }
  });
  return (session) => writeFileSync(file, session);
}
