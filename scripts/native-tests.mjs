// Builds the native tests and runs them twice: with the sanitizers compiled in, and under valgrind.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { main, root, runQuietly, runSteps, runVisibly } from './lib/run.mjs';
import { findCommand, findToolchain } from './lib/toolchain.mjs';

const valgrindOptions = [
  '--quiet',
  '--error-exitcode=1',
  '--leak-check=full',
  '--show-leak-kinds=definite,indirect,possible',
  '--errors-for-leak-kinds=definite,indirect,possible',
];

main(() => {
  findToolchain();
  if (!provide('libssl-dev', hasOpenssl)) return;
  runVisibly(build('sanitized', 'ON'), [], { UBSAN_OPTIONS: 'print_stacktrace=1', ...process.env });
  if (!provide('valgrind', () => findCommand('valgrind') !== undefined)) return;
  runVisibly('valgrind', [...valgrindOptions, build('plain', 'OFF')]);
});

/** Returns the path of the program. */
function build(name, sanitize) {
  const folder = join(root, 'build', 'native-tests', name);
  const options = ['-DCMAKE_BUILD_TYPE=Debug', '-DDTLS_NATIVE_TESTS=ON', `-DDTLS_SANITIZE=${sanitize}`];
  const compile = () => {
    runQuietly('cmake', ['-S', root, '-B', folder, ...options]);
    runQuietly('cmake', ['--build', folder, '--parallel', String(availableParallelism())]);
  };
  runSteps([{ title: `compiling the native tests (${name})`, run: compile }]);
  return join(folder, 'native_tests');
}

/** Installs the Debian package when we may; else says what is left out and returns false. */
function provide(name, isPresent) {
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

// Elsewhere than on Debian, cmake says whether it finds an OpenSSL.
function hasOpenssl() {
  return !findCommand('dpkg') || spawnSync('dpkg', ['-s', 'libssl-dev']).status === 0;
}
