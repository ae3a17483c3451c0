import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A failure whose message is all that the user needs: `main` prints it without a stack. */
export class Failure extends Error {}

/** Runs the body of a script; a `Failure` in it becomes a message and exit code 1. */
export function main(body) {
  try {
    body();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** Runs a tool in the project's folder, unless `cwd` names another, silent unless it fails. */
export function runQuietly(command, args, { cwd = root, env = process.env } = {}) {
  const child = spawnSync(command, args, { cwd, encoding: 'utf8', env, maxBuffer: 2 ** 28 });
  if (child.error) throw new Failure(`Cannot run ${command}: ${child.error.message}`);
  if (child.status !== 0) throw new Failure(`${child.stdout}${child.stderr}`.trimEnd());
}

/** Runs npm, silent unless it fails: the npm that runs us, when one does. */
export function runNpm(args, options) {
  const npm = process.env.npm_execpath ?? '';
  if (basename(npm) === 'npm-cli.js') runQuietly(process.execPath, [npm, ...args], options);
  else runQuietly('npm', args, options);
}

/** Runs a tool in the project's folder with our own streams. */
export function runVisibly(command, args, env = process.env) {
  const child = spawnSync(command, args, { cwd: root, stdio: 'inherit', env });
  if (child.error) throw new Failure(`Cannot run ${command}: ${child.error.message}`);
  if (child.status !== 0) throw new Failure(`${command} failed (${child.signal ?? `exit code ${child.status}`})`);
}

/** Runs each `{ title, run }` in turn and tells on standard error what takes how long. */
export function runSteps(steps) {
  for (const [index, { title, run }] of steps.entries()) {
    process.stderr.write(`[${index + 1}/${steps.length}] ${title} ... `);
    const start = performance.now();
    try {
      run();
    } catch (error) {
      process.stderr.write('failed\n');
      throw error;
    }
    process.stderr.write(`${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  }
}
