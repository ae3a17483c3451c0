import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';

/** Jest's workers load their tests at the same time, and apt-get works for one at a time. */
const LOCK = join(tmpdir(), 'dtls-association-apt.lock');
const INSTALL = `
  install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
  }
  install "$@" || { apt-get update -qq && install "$@"; }`;
const MS_TO_INSTALL = 600_000;

/** Whether a shell command succeeds. */
function succeeds(command: string): boolean {
  try {
    execFileSync('sh', ['-c', command], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A check for `missing`: these programs are there. */
export function programs(...names: string[]): string {
  return names.map((name) => `command -v ${name}`).join(' && ');
}

/**
 * Makes sure that the peer's programs are there, as `check` (a shell command) finds out: as root on Debian it
 * installs the packages. Returns what is wrong, undefined when nothing is. Synchronous, because Jest must know which
 * tests to skip when it has loaded them.
 */
export function missing(check: string, packages: readonly string[]): string | undefined {
  if (succeeds(check)) return undefined;
  const wanted = packages.join(' ');
  if (process.getuid?.() !== 0 || !succeeds(programs('apt-get', 'flock'))) {
    return `it is not installed (Debian: apt-get install ${wanted})`;
  }
  try {
    execFileSync('flock', [LOCK, 'sh', '-c', INSTALL, 'sh', ...packages], { stdio: 'pipe', timeout: MS_TO_INSTALL });
  } catch (error) {
    return `apt-get install ${wanted} failed: ${(error as Error).message}`;
  }
  return succeeds(check) ? undefined : `${wanted} is installed, but this fails: ${check}`;
}

/** `describe` for a peer; when something is wrong with it, the tests are skipped and the reason is printed. */
export function describePeer(name: string, problem: string | undefined, tests: () => void): void {
  if (problem === undefined) {
    describe(name, tests);
    return;
  }
  // Not by the console: Jest does not show what a file says all of whose tests are skipped.
  process.stderr.write(`skipped: ${name}: ${problem}\n`);
  describe.skip(name, tests);
}
