import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { headersFolder } from './addon.mjs';
import { provide } from './debian.mjs';
import { Failure, root, runQuietly, runSteps } from './run.mjs';
import { findCommand } from './toolchain.mjs';

const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch];
const muslHeaders = `/usr/include/${machine}-linux-musl`;
const folders = ['native/tls', 'native/udp', 'native/addon'];

/**
 * Compiles the addon's sources, without linking, with the headers of musl, the C library of Alpine, in the place of
 * those of the GNU C library. Debian has no C++ library for musl; LLVM's headers know both C libraries. Returns musl's
 * version; undefined when something needed is not there.
 */
export function compileWithMusl() {
  const needs = {
    'musl-dev': () => existsSync(muslHeaders),
    clang: () => findCommand('clang++') !== undefined,
    'libc++-dev': () => existsSync(libcxxHeaders()),
  };
  if (!Object.entries(needs).every(([name, isPresent]) => provide(name, isPresent))) return undefined;
  const run = () => {
    const compiling = [...language(), ...includes(), ...definitions(), '-c', '-o', '/dev/null'];
    for (const source of sources()) runQuietly('clang++', [...compiling, source]);
  };
  const version = muslVersion();
  runSteps([{ title: `compiling with the headers of musl ${version}`, run }]);
  return version;
}

function sources() {
  const files = folders.flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`));
  return files.filter((file) => file.endsWith('.cc'));
}

/** As CMakeLists.txt has it. */
function language() {
  const generated = [`--target=${machine}-linux-musl`, '-O3', '-DNDEBUG', '-fPIC'];
  return [...generated, '-std=c++17', '-Wall', '-Wextra', '-Werror', '-fno-exceptions'];
}

function definitions() {
  const ours = ['_GNU_SOURCE', 'DTLS_UDP_SOCKET', 'DTLS_ADDON_VERSION="0"'];
  const napi = ['NAPI_VERSION=8', 'NODE_ADDON_API_DISABLE_DEPRECATED', 'NAPI_DISABLE_CPP_EXCEPTIONS'];
  return [...ours, ...napi, '_LIBCPP_HAS_MUSL_LIBC'].map((definition) => `-D${definition}`);
}

function includes() {
  const node = headersFolder();
  if (node === undefined) throw new Failure('Node has no headers beside it: name its folder in npm_config_nodedir.');
  const { include_dir: napi } = createRequire(import.meta.url)('node-addon-api');
  const system = [libcxxHeaders(), muslHeaders, kernelHeaders(), join(node, 'include', 'node'), resolve(napi)];
  return ['-nostdlibinc', '-nostdinc++', ...system.flatMap((folder) => ['-isystem', folder]), '-I', 'native'];
}

/** The kernel's without those of the GNU C library beside them. */
function kernelHeaders() {
  const folder = join(root, '.cache', 'kernel-headers');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of ['linux', 'asm-generic']) symlinkSync(`/usr/include/${name}`, join(folder, name));
  symlinkSync(`/usr/include/${machine}-linux-gnu/asm`, join(folder, 'asm'));
  return folder;
}

function libcxxHeaders() {
  const resources = spawnSync('clang++', ['-print-resource-dir'], { encoding: 'utf8' }).stdout.trim();
  return join(resources, '..', '..', '..', 'include', 'c++', 'v1');
}

/** Its loader tells when it is run. */
function muslVersion() {
  const { stderr } = spawnSync(`/lib/ld-musl-${machine}.so.1`, { encoding: 'utf8' });
  return /^Version (\S+)$/m.exec(stderr)[1];
}
