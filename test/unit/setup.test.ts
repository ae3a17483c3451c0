import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

const project = join(__dirname, '..', '..');
const toolchain = ['cmake', 'c++', 'ninja', 'xcode-select'];

// Stand-ins for the tools that setup runs. Each notes its name in calls.log; one named in FAILING fails.
const call = (name: string) => `
  const fs = require('node:fs');
  fs.appendFileSync('calls.log', '${name}\\n');
  if (process.env.FAILING === '${name}') { console.log('${name} says why'); process.exit(3); }`;
const cmakeJs = `${call('cmake-js')}
  fs.mkdirSync('build/Release', { recursive: true });
  fs.writeFileSync('build/Release/dtls.node', '');`;
const tsc = `${call('tsc')}
  fs.mkdirSync('dist');`;
const npm = `${call('npm')}
  for (const [path, text] of ${JSON.stringify([
    ['node_modules/cmake-js/bin/cmake-js', cmakeJs],
    ['node_modules/typescript/bin/tsc', tsc],
  ])}) {
    fs.mkdirSync(require('node:path').dirname(path), { recursive: true });
    fs.writeFileSync(path, text);
  }
  fs.copyFileSync('package-lock.json', 'node_modules/.package-lock.json');`;

let clone: string;
let bin: string;

beforeEach(() => {
  const scratch = mkdtempSync(join(tmpdir(), 'dtls-setup-'));
  clone = join(scratch, 'clone');
  bin = join(scratch, 'bin');
  cpSync(join(project, 'scripts'), join(clone, 'scripts'), { recursive: true });
  copyFileSync(join(project, 'package.json'), join(clone, 'package.json'));
  write('package-lock.json', JSON.stringify({ packages: { '': {}, 'node_modules/a': { integrity: 'one' } } }));
  for (const path of ['CMakeLists.txt', 'native/a.cc', 'lib/a.ts', 'binding.d.ts']) write(path, '');
  for (const path of ['tsconfig.json', 'tsconfig.build.json']) write(path, '{}');
  writeFileSync(join(scratch, 'npm-cli.js'), npm);
  mkdirSync(bin);
});

afterEach(() => rmSync(dirname(clone), { recursive: true }));

function write(path: string, text: string) {
  mkdirSync(dirname(join(clone, path)), { recursive: true });
  writeFileSync(join(clone, path), text);
}

function provide(tools: string[]) {
  for (const tool of tools) writeFileSync(join(bin, tool), '#!/bin/sh\n', { mode: 0o755 });
}

function setup(env: Record<string, string> = {}) {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/setup.mjs'], {
    cwd: clone,
    encoding: 'utf8',
    env: { PATH: bin, npm_execpath: join(dirname(clone), 'npm-cli.js'), ...env },
  });
  return { status, output: stderr.replace(/\d+\.\d s/g, 'N s') };
}

/** The tools that were run since the last time. */
function calls() {
  const log = join(clone, 'calls.log');
  appendFileSync(log, '');
  const names = readFileSync(log, 'utf8').split('\n').slice(0, -1);
  rmSync(log);
  return names;
}

const files = () => readdirSync(clone, { recursive: true }).sort();

describe('without a toolchain', () => {
  test('tells what to install on each system, and changes nothing', () => {
    const before = files();
    const { status, output } = setup();
    expect(status).toBe(1);
    expect(output).toBe(
      [
        'Compiling the addon needs cmake, a C++ compiler, and make or ninja: not found on this machine.',
        '  Debian, Ubuntu:  sudo apt-get install cmake g++ make',
        '  macOS:           brew install cmake && xcode-select --install',
        '  Windows:         winget install Kitware.CMake',
        '  Windows:         winget install Microsoft.VisualStudio.2022.BuildTools, with the workload "Desktop development with C++"',
        '',
      ].join('\n'),
    );
    expect(files()).toEqual(before);
  });

  test('names only what is missing', () => {
    provide(toolchain.filter((tool) => tool !== 'cmake'));
    const { status, output } = setup();
    expect(status).toBe(1);
    expect(output).toMatch(/^Compiling the addon needs cmake: not found/);
    expect(output).toMatch(/apt-get install cmake$/m);
    expect(output).not.toContain('C++');
  });

  test('takes the compiler that CXX names', () => {
    provide(['cmake', 'make', 'my-compiler']);
    expect(setup({ CXX: 'my-compiler -m64' }).status).toBe(0);
  });

  test('says when CXX names no command', () => {
    provide(toolchain);
    const { status, output } = setup({ CXX: 'my-compiler' });
    expect(status).toBe(1);
    expect(output).toBe('CXX=my-compiler: no such command.\n');
  });
});

test('says when Node is too old, and changes nothing', () => {
  provide(toolchain);
  const before = files();
  const description = JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8'));
  for (const node of ['^99.1.0 || >=100.2.0', `>=${process.versions.node.replace(/\d+$/, '999')}`]) {
    write('package.json', JSON.stringify({ ...description, engines: { node } }));
    const { status, output } = setup();
    expect(status).toBe(1);
    expect(output).toBe(`This is Node.js ${process.versions.node}, but dtls-association needs ${node}.\n`);
  }
  expect(files()).toEqual(before);
});

test('installs and compiles a fresh clone, a line for each step', () => {
  provide(toolchain);
  expect(setup()).toEqual({
    status: 0,
    output: [
      '[1/3] installing node modules ... N s',
      '[2/3] compiling the addon ... N s',
      '[3/3] compiling TypeScript ... N s',
      '',
    ].join('\n'),
  });
  expect(calls()).toEqual(['npm', 'cmake-js', 'tsc']);
});

describe('a clone that is set up', () => {
  beforeEach(() => {
    provide(toolchain);
    setup();
    calls();
  });

  test('is left alone, and needs no toolchain', () => {
    expect(setup({ PATH: '' })).toEqual({ status: 0, output: '' });
    expect(calls()).toEqual([]);
  });

  test.each([
    ['a locked version', 'package-lock.json', '{"packages":{"node_modules/a":{"integrity":"two"}}}', ['npm', 'tsc']],
    ['a native source', 'native/b.cc', '', ['cmake-js']],
    ['CMakeLists.txt', 'CMakeLists.txt', '# changed', ['cmake-js']],
    ['a source', 'lib/b/c.ts', '', ['tsc']],
    ['the contract of the addon', 'binding.d.ts', '// changed', ['tsc']],
    ['the TypeScript settings', 'tsconfig.json', '{ }', ['tsc']],
  ])('does again what depends on %s', (_what, path, text, tools) => {
    write(path, text);
    expect(setup().status).toBe(0);
    expect(calls()).toEqual(tools);
    expect(setup()).toEqual({ status: 0, output: '' });
  });

  test('compiles the addon again for another OpenSSL', () => {
    expect(setup({ DTLS_OPENSSL: 'static' }).status).toBe(0);
    expect(calls()).toEqual(['cmake-js']);
  });

  test.each([
    ['build', 'cmake-js'],
    ['dist', 'tsc'],
    ['node_modules', 'npm'],
  ])('makes a deleted %s again', (folder, tool) => {
    rmSync(join(clone, folder), { recursive: true });
    expect(setup().status).toBe(0);
    expect(calls()).toEqual([tool]);
  });

  test('does not count packages for other platforms as missing', () => {
    const packages = { 'node_modules/a': { integrity: 'one' }, 'node_modules/b': { integrity: 'x', optional: true } };
    write('package-lock.json', JSON.stringify({ packages }));
    setup();
    expect(calls()).not.toContain('npm');
  });

  test('prints what a failing tool says, stops there, and tries again the next time', () => {
    write('native/a.cc', 'changed');
    write('lib/a.ts', 'changed');
    expect(setup({ FAILING: 'cmake-js' })).toEqual({
      status: 1,
      output: '[1/2] compiling the addon ... failed\ncmake-js says why\n',
    });
    expect(calls()).toEqual(['cmake-js']);
    expect(setup().status).toBe(0);
    expect(calls()).toEqual(['cmake-js', 'tsc']);
  });
});
