import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { provide } from './debian.mjs';
import { Failure, root, runNpm, runQuietly, runSteps } from './run.mjs';
import { findCommand } from './toolchain.mjs';

const platform = process.platform === 'win32' ? 'win' : process.platform;
const packageName = `node-${platform}-${process.arch}`;
const program = process.platform === 'win32' ? 'node.exe' : 'node';

/** The first that package.json's `engines` lets in, and the newest, of each line. */
const versions = ['20.17.0', '20.20.2', '22.9.0', '22.23.3', '24.21.0', '26.10.0'];
const newest = ['20.20.2', '22.23.3', '24.21.0', '26.10.0'];

/** What the matrix runs on: `node`, a version in npm or a Debian; `openssl`, whose OpenSSL the addon runs. */
export const runtimes = [
  ...versions.map((node) => ({ node, openssl: 'node' })),
  ...newest.map((node) => ({ node, openssl: 'static' })),
  { node: 'trixie', openssl: 'system' },
];

/** Installs that Node in .cache/; returns the command that runs it. */
export function install({ node, openssl }) {
  const prefix = join(root, '.cache', 'node-matrix', node);
  return openssl === 'system' ? installDebians(prefix, node) : installFromNpm(prefix, node);
}

function installFromNpm(prefix, version) {
  const node = join(prefix, 'node_modules', packageName, 'bin', program);
  const run = () => runNpm(['install', `--prefix=${prefix}`, '--ignore-scripts', `${packageName}@${version}`]);
  if (!existsSync(node)) runSteps([{ title: `installing Node ${version}`, run }]);
  return [node];
}

/**
 * Debian's own Node links the system's OpenSSL. A later Debian's is unpacked with all its libraries, installed nowhere.
 */
function installDebians(prefix, suite) {
  const isPatchable = provide('patchelf', () => findCommand('patchelf') !== undefined);
  if (!isPatchable || process.getuid() !== 0) throw new Failure("Debian's own Node needs Debian, root and patchelf.");
  const tree = join(prefix, 'root');
  const node = join(tree, 'usr', 'bin', 'node');
  const run = () => {
    rmSync(prefix, { recursive: true, force: true });
    unpack(prefix, suite, tree);
    // Its loader and libraries are those beside it; what it starts has the system's.
    const libraries = join(tree, 'usr', 'lib', 'x86_64-linux-gnu');
    const loader = join(libraries, 'ld-linux-x86-64.so.2');
    runQuietly('patchelf', ['--set-interpreter', loader, '--force-rpath', '--set-rpath', libraries, node]);
  };
  if (!existsSync(node)) runSteps([{ title: `installing the Node of Debian ${suite}`, run }]);
  // It reads parts of its own library from /usr/share, which for it alone has those, too.
  const mount = 'mount -t overlay overlay -o "lowerdir=$0:/usr/share" /usr/share && exec "$@"';
  return ['unshare', '--mount', 'sh', '-c', mount, join(tree, 'usr', 'share'), node];
}

/** Downloads the packages of another Debian than this one by apt, which is told of nothing else, and unpacks them. */
function unpack(prefix, suite, tree) {
  for (const folder of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(prefix, folder), { recursive: true });
  const sources = join(prefix, 'sources.list');
  const keys = '/usr/share/keyrings/debian-archive-keyring.gpg';
  writeFileSync(sources, `deb [signed-by=${keys}] ${debianMirror()} ${suite} main\n`);
  writeFileSync(join(prefix, 'status'), '');
  const settings = {
    'Dir::Etc::SourceList': sources,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::Lists': join(prefix, 'lists'),
    'Dir::State::Status': join(prefix, 'status'),
    'Dir::Cache': join(prefix, 'cache'),
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  runQuietly('apt-get', [...options, 'update', '-qq']);
  runQuietly('apt-get', [...options, 'install', '-qq', '-y', '--no-install-recommends', '--download-only', 'nodejs']);
  const archives = join(prefix, 'cache', 'archives');
  for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
    runQuietly('dpkg', ['-x', join(archives, file), tree]);
  }
  for (const folder of ['cache', 'lists']) rmSync(join(prefix, folder), { recursive: true });
}

/** Where this Debian has its packages from. */
function debianMirror() {
  const ofDebian = ['indextargets', '--format', '$(SITE)', 'Origin: Debian'];
  return spawnSync('apt-get', ofDebian, { encoding: 'utf8' }).stdout.split('\n')[0];
}
