import { readFileSync } from 'node:fs';

const KIB = 1024;

/** Resident memory of a process in bytes; undefined where the system does not tell. */
export function residentBytes(pid) {
  try {
    return KIB * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
  } catch {
    return undefined;
  }
}
