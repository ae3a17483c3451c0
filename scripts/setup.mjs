// Brings a clone up to date: node_modules/, build/ and dist/. Does nothing, quickly, when nothing has changed.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { addonBuild } from './lib/addon.mjs';
import { main, root, runNpm, runQuietly, runSteps } from './lib/run.mjs';
import { hashFiles, hashOf, readJson, readStamp, writeStamp } from './lib/stamp.mjs';
import { checkNode, findToolchain } from './lib/toolchain.mjs';

const dist = join(root, 'dist');

main(() => {
  checkNode();
  const addon = addonBuild();
  if (!addon.isCurrent()) findToolchain();
  const sources = hashOf(
    hashFiles(['lib', 'binding.d.ts', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json']),
  );
  const steps = [
    { title: 'installing node modules', isCurrent: areModulesInstalled(), run: installModules },
    { title: 'compiling the addon', isCurrent: addon.isCurrent(), run: addon.compile },
    {
      title: 'compiling TypeScript',
      isCurrent: readStamp(dist).sources === sources,
      run: () => compileTypeScript(sources),
    },
  ];
  runSteps(steps.filter((step) => !step.isCurrent));
});

// npm keeps a copy of the lock file of what it has installed. Packages for other platforms are not in it.
function areModulesInstalled() {
  const installed = 'node_modules/.package-lock.json';
  if (!existsSync(join(root, installed))) return false;
  const has = readJson(installed).packages;
  const wanted = Object.entries(readJson('package-lock.json').packages).filter(([path]) => path !== '');
  return wanted.every(([path, entry]) => entry.optional || has[path]?.integrity === entry.integrity);
}

function installModules() {
  // Without scripts: ours would compile the addon, which is the next step.
  runNpm(['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund']);
}

function compileTypeScript(sources) {
  rmSync(dist, { recursive: true, force: true });
  runQuietly(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json']);
  writeStamp(dist, { sources });
}
