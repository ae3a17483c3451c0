// Loads the addon of build/, compiled on this Node, into other versions of Node: a smoke test in each, and in one of
// them, whose OpenSSL is newer than this Node's, the unit tests.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, main, root, runNpm, runSteps, runVisibly } from './lib/run.mjs';

const versions = ['22.23.3', '24.21.0', '26.10.0'];
const unitTested = '24.21.0';
const isWindows = process.platform === 'win32';
const packageName = `node-${isWindows ? 'win' : process.platform}-${process.arch}`;

main(() => {
  const failed = versions.filter((version) => !passes(version, install(version)));
  if (failed.length > 0) throw new Failure(`The smoke test failed on Node ${failed.join(', ')}.`);
  console.log(`Unit tests on Node ${unitTested}:`);
  runVisibly(install(unitTested), [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), 'test/unit', '--silent']);
});

/** Returns the path of that Node's program. */
function install(version) {
  const prefix = join(root, '.cache', 'node-matrix', version);
  const node = join(prefix, 'node_modules', packageName, 'bin', isWindows ? 'node.exe' : 'node');
  const run = () => runNpm(['install', `--prefix=${prefix}`, '--ignore-scripts', `${packageName}@${version}`]);
  if (!existsSync(node)) runSteps([{ title: `installing Node ${version}`, run }]);
  return node;
}

function passes(version, node) {
  const openssl = spawnSync(node, ['-p', 'process.versions.openssl'], { encoding: 'utf8' }).stdout?.trim();
  const smoke = spawnSync(node, [join(root, 'test', 'support', 'smoke.cjs')], { encoding: 'utf8' });
  const passed = smoke.status === 0;
  console.log(`Node ${version}, OpenSSL ${openssl}: ${passed ? 'passed' : 'failed'}`);
  if (!passed) console.log(smoke.error?.message ?? `${smoke.stdout}${smoke.stderr}`.trimEnd());
  return passed;
}
