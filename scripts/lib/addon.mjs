import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { root, runQuietly } from './run.mjs';
import { hashFiles, hashOf, readJson, readStamp, writeStamp } from './stamp.mjs';
import { findToolchain } from './toolchain.mjs';

/**
 * One build of the addon. `openssl` is what CMakeLists.txt calls DTLS_OPENSSL, `sanitize` DTLS_SANITIZE; the addon is
 * made in `directory`/Release/dtls.node.
 */
export function addonBuild(directory = 'build', openssl = process.env.DTLS_OPENSSL || 'node', { sanitize } = {}) {
  const folder = join(root, directory);
  const file = join(folder, 'Release', 'dtls.node');
  const { version, dependencies } = readJson('package.json');
  const settings = {
    // CMake refuses a build folder that was moved.
    root,
    version,
    dependencies,
    openssl,
    sanitize,
    // Node's headers.
    node: process.version,
    arch: process.arch,
    compiler: process.env.CXX,
  };
  const inputs = hashOf([settings, hashFiles(['CMakeLists.txt', 'native'])]);
  return {
    file,
    isCurrent: () => readStamp(folder).inputs === inputs && existsSync(file),
    compile() {
      const toolchain = findToolchain();
      const configuration = hashOf([settings, toolchain]);
      // Within one configuration cmake compiles what has changed; a new one, or one that never succeeded, starts
      // afresh.
      if (readStamp(folder).configuration !== configuration) rmSync(folder, { recursive: true, force: true });
      const env = { ...process.env, npm_config_nodedir: headersFolder() };
      runQuietly(process.execPath, [cmakeJs(), 'build', ...cmakeJsOptions(folder, settings, toolchain)], { env });
      writeStamp(folder, { configuration, inputs });
    },
  };
}

/**
 * Where include/node is: as npm is told, or beside the running Node. When undefined, cmake-js downloads the headers.
 */
export function headersFolder() {
  if (process.env.npm_config_nodedir) return process.env.npm_config_nodedir;
  const prefix = join(process.execPath, '..', '..');
  const header = join(prefix, 'include', 'node', 'node_version.h');
  const [major] = process.versions.node.split('.');
  const isOurs = existsSync(header) && readFileSync(header, 'utf8').includes(`#define NODE_MAJOR_VERSION ${major}\n`);
  return isOurs ? prefix : undefined;
}

function cmakeJs() {
  // The file is looked for, not assumed, since npm may have put it into the folder of a package that depends on us.
  return createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js');
}

function cmakeJsOptions(folder, { openssl, sanitize }, { compiler }) {
  const options = [
    `--directory=${root}`,
    `--out=${folder}`,
    `--parallel=${availableParallelism()}`,
    '--log-level=error',
    `--CDDTLS_OPENSSL=${openssl}`,
    `--CDDTLS_SANITIZE=${sanitize ? 'ON' : 'OFF'}`,
  ];
  if (process.platform === 'win32') return options;
  // CMake takes a compiler with arguments as a list. Without a C compiler cmake-js would insist on g++ or clang++.
  return [...options, `--cxx=${compiler.split(' ').join(';')}`, '--cc=cc'];
}
