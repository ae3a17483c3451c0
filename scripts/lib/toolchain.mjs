import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { Failure } from './run.mjs';
import { readJson } from './stamp.mjs';

const isWindows = process.platform === 'win32';

const packages = {
  cmake: { title: 'cmake', debian: 'cmake', macos: 'brew install cmake', windows: 'winget install Kitware.CMake' },
  compiler: {
    title: 'a C++ compiler',
    debian: 'g++',
    macos: 'xcode-select --install',
    windows: 'winget install Microsoft.VisualStudio.2022.BuildTools, with the workload "Desktop development with C++"',
  },
  buildTool: { title: 'make or ninja', debian: 'make', macos: 'xcode-select --install' },
};

/** Throws when this Node is older than package.json's `engines`. */
export function checkNode() {
  const range = readJson('package.json').engines.node;
  if (satisfies(process.versions.node, range)) return;
  throw new Failure(`This is Node.js ${process.versions.node}, but dtls-association needs ${range}.`);
}

/** Finds what compiles the addon: the commands of cmake, compiler and build tool. Throws, telling what to install. */
export function findToolchain() {
  const tools = { cmake: findCommand('cmake'), compiler: findCompiler(), buildTool: findBuildTool() };
  const missing = Object.keys(tools).filter((name) => tools[name] === undefined);
  if (missing.length === 0) return tools;
  const titles = new Intl.ListFormat('en').format(missing.map((name) => packages[name].title));
  const install = (system) => [...new Set(missing.map((name) => packages[name][system]))];
  throw new Failure(
    [
      `Compiling the addon needs ${titles}: not found on this machine.`,
      `  Debian, Ubuntu:  sudo apt-get install ${install('debian').join(' ')}`,
      `  macOS:           ${install('macos').join(' && ')}`,
      ...install('windows')
        .filter(Boolean)
        .map((command) => `  Windows:         ${command}`),
    ].join('\n'),
  );
}

function findCompiler() {
  const { CXX } = process.env;
  if (CXX) {
    if (findCommand(CXX.split(' ')[0]) === undefined) throw new Failure(`CXX=${CXX}: no such command.`);
    return CXX;
  }
  if (isWindows) return findCommand('cl') ?? findVisualStudio();
  // macOS has stubs on the PATH that only offer to install the compiler.
  if (process.platform === 'darwin' && spawnSync('xcode-select', ['-p']).status !== 0) return undefined;
  return findCommand('c++') ?? findCommand('g++') ?? findCommand('clang++');
}

function findBuildTool() {
  return findCommand('ninja') ?? (isWindows ? 'msbuild' : findCommand('make'));
}

// The compiler of Visual Studio is on the PATH only in its own command prompt; cmake finds it anyway.
function findVisualStudio() {
  const vswhere = join(process.env['ProgramFiles(x86)'] ?? '', 'Microsoft Visual Studio', 'Installer', 'vswhere.exe');
  const component = 'Microsoft.VisualStudio.Component.VC.Tools.x86.x64';
  const args = ['-latest', '-products', '*', '-requires', component, '-property', 'installationPath'];
  return spawnSync(vswhere, args, { encoding: 'utf8' }).stdout?.trim() || undefined;
}

/** The file that a shell would run for `name`; undefined when there is none. */
export function findCommand(name) {
  const folders = isAbsolute(name) ? [''] : (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const suffixes = isWindows ? ['.exe', '.cmd', ''] : [''];
  const files = folders.flatMap((folder) => suffixes.map((suffix) => join(folder, name + suffix)));
  return files.find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Knows as much of npm's ranges as `engines` uses: `^1.2.3` and `>=1.2.3`, joined by `||`. */
function satisfies(version, range) {
  const numbers = (text) => text.split('.').map((part) => Number.parseInt(part, 10));
  const [major, minor, patch] = numbers(version);
  return range.split('||').some((part) => {
    const [, operator, lowest] = part.trim().match(/^(\^|>=)(\S+)$/);
    const [lowMajor, lowMinor, lowPatch] = numbers(lowest);
    if (operator === '^' && major !== lowMajor) return false;
    return (major - lowMajor || minor - lowMinor || patch - lowPatch) >= 0;
  });
}
