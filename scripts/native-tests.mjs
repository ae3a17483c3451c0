// Builds the native tests and runs them as the arguments say: "asan", with the sanitizers compiled in, and then Jest on
// an addon with the sanitizers; "valgrind".
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { hasOpenssl, provide } from './lib/debian.mjs';
import { Failure, main, root, runQuietly, runSteps, runVisibly } from './lib/run.mjs';
import { findCommand, findToolchain } from './lib/toolchain.mjs';
import { testSanitizedAddon } from './sanitized-addon.mjs';

const runs = {
  asan() {
    runVisibly(build('sanitized', 'ON'), [], { UBSAN_OPTIONS: 'print_stacktrace=1', ...process.env });
    testSanitizedAddon();
  },
  valgrind() {
    if (!provide('valgrind', () => findCommand('valgrind') !== undefined)) return;
    runVisibly('valgrind', [...valgrindOptions, build('plain', 'OFF')]);
  },
};

const valgrindOptions = [
  '--quiet',
  '--error-exitcode=1',
  '--leak-check=full',
  '--show-leak-kinds=definite,indirect,possible',
  '--errors-for-leak-kinds=definite,indirect,possible',
];

main(() => {
  const names = process.argv.slice(2);
  const unknown = names.find((name) => !Object.hasOwn(runs, name));
  if (unknown !== undefined || names.length === 0) throw new Failure('Usage: native-tests.mjs [asan] [valgrind]');
  findToolchain();
  if (!provide('libssl-dev', hasOpenssl)) return;
  for (const name of names) runs[name]();
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
