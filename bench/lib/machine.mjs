// Where the figures were measured.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { root } from './paths.mjs';

const GIB = 2 ** 30;

function output(command, ...args) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

function distribution() {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** The commit, marked when files differ from it; undefined outside a clone. */
function commit() {
  const hash = output('git', 'rev-parse', '--short=12', 'HEAD');
  if (hash === undefined) return undefined;
  return output('git', 'status', '--porcelain') === '' ? hash : `${hash} and changes`;
}

export function machineFacts() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round((10 * totalmem()) / GIB) / 10,
    kernel: `${type()} ${release()}`,
    distribution: distribution(),
    node: process.versions.node,
    opensslNode: process.versions.openssl,
    opensslSystem: output('openssl', 'version'),
    commit: commit(),
  };
}
