// Installs the package as a user would: npm pack, npm install of the tarball in an empty folder, import, command line.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main, root, runNpm, runQuietly, runSteps } from './lib/run.mjs';

main(() => {
  const folder = mkdtempSync(join(tmpdir(), 'dtls-package-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    writeFileSync(join(folder, 'use.mjs'), "import { versions } from 'dtls-association';\nconsole.log(versions());\n");
    runSteps([
      { title: 'packing', run: () => runNpm(['pack', '--pack-destination', folder]) },
      { title: 'installing the tarball', run: () => install(folder) },
      { title: 'importing it', run: () => runQuietly(process.execPath, ['use.mjs'], { cwd: folder }) },
      { title: 'running its command', run: () => runNpm(['exec', '--', 'dtls', '--version'], { cwd: folder }) },
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function install(folder) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  runNpm(['install', `./dtls-association-${version}.tgz`, '--no-audit', '--no-fund', '--foreground-scripts'], {
    cwd: folder,
  });
}
