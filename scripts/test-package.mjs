// Installs the package as a user would: npm pack, npm install of the tarball in an empty folder, import, test
// network, command line.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main, root, runNpm, runQuietly, runSteps } from './lib/run.mjs';

const HANDSHAKE = `
import { connect, createServer } from 'dtls-association';
import { Network } from 'dtls-association/testing';

const key = Buffer.from('1a2b3c4d5e6f', 'hex');
const network = new Network({ seed: 1 });
const server = await createServer({ psk: { alice: key } }).listen({ transport: network.server });
const client = await connect({ transport: network.client(), psk: { identity: 'alice', key } });
await client.close();
await server.close();
`;

main(() => {
  const folder = mkdtempSync(join(tmpdir(), 'dtls-package-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    writeFileSync(join(folder, 'use.mjs'), "import { versions } from 'dtls-association';\nconsole.log(versions());\n");
    writeFileSync(join(folder, 'test.mjs'), HANDSHAKE);
    runSteps([
      { title: 'packing', run: () => runNpm(['pack', '--pack-destination', folder]) },
      { title: 'installing the tarball', run: () => install(folder) },
      { title: 'importing it', run: () => runQuietly(process.execPath, ['use.mjs'], { cwd: folder }) },
      {
        title: 'opening an association over its test network',
        run: () => runQuietly(process.execPath, ['test.mjs'], { cwd: folder }),
      },
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
