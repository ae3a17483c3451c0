import { spawnSync } from 'node:child_process';
import { runQuietly, runSteps } from './run.mjs';
import { findCommand } from './toolchain.mjs';

/** Installs the Debian package when we may; else says what is left out and returns false. */
export function provide(name, isPresent) {
  if (isPresent()) return true;
  if (!findCommand('apt-get') || process.getuid() !== 0) {
    console.log(`Skipped what needs ${name}: it is not installed.`);
    return false;
  }
  const run = () => {
    runQuietly('apt-get', ['update', '-qq']);
    runQuietly('apt-get', ['install', '-qq', '-y', '-o', 'DPkg::Lock::Timeout=300', name]);
  };
  runSteps([{ title: `installing ${name}`, run }]);
  return true;
}

/** Elsewhere than on Debian, cmake says whether it finds an OpenSSL. */
export function hasOpenssl() {
  return !findCommand('dpkg') || spawnSync('dpkg', ['-s', 'libssl-dev']).status === 0;
}
