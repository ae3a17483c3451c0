import { type ChildProcess, execFile, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterEach } from '@jest/globals';

export const ROOT = path.join(__dirname, '../..');

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill();
});

/** Runs Node with these arguments until the test is over. */
export function start(args: string[], { stderr = 'inherit' }: { stderr?: 'inherit' | 'pipe' } = {}): ChildProcess {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', stderr] });
  children.push(child);
  return child;
}

/** Runs Node with these arguments to its end; rejects when it fails. */
export function run(args: string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, args, { cwd: ROOT });
}

export async function lineOf(
  child: ChildProcess,
  pattern: RegExp,
  stream: 'stdout' | 'stderr' = 'stdout',
): Promise<RegExpExecArray> {
  const input = child[stream];
  if (input === null) throw new Error(`the child has no ${stream}`);
  for await (const line of createInterface({ input })) {
    const match = pattern.exec(line);
    if (match !== null) return match;
  }
  throw new Error(`the output ended without ${pattern}`);
}

/** Starts a server of examples/ on a port that the system chooses, which is returned. */
export async function serve(name: string, ...args: string[]): Promise<string> {
  const [, port] = await lineOf(start([`examples/${name}.mjs`, '0', ...args]), /listening on port (\d+)/);
  return port as string;
}

/** What an example prints. */
export async function output(name: string, ...args: string[]): Promise<string> {
  return (await run([`examples/${name}.mjs`, ...args])).stdout;
}
