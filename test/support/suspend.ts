import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setImmediate, setTimeout } from 'node:timers/promises';

/** How long processes are suspended; `npm run test:soak` says a minute. */
export const SUSPEND_MS = Number(process.env.DTLS_SUSPEND_S ?? 2) * 1000;

/** Stops a process, which notices nothing, and lets it go on when the time is over and `meanwhile` is done. Linux. */
export async function suspend(child: ChildProcess, meanwhile: () => unknown = () => {}): Promise<void> {
  child.kill('SIGSTOP');
  while (!isStopped(child)) await setImmediate();
  const over = setTimeout(SUSPEND_MS);
  await meanwhile();
  await over;
  child.kill('SIGCONT');
}

/** As the kernel says: a signal takes its time. */
function isStopped({ pid }: ChildProcess): boolean {
  // The state follows the name, which stands in parentheses (proc(5)).
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.startsWith('T') === true;
}
