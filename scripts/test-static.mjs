// Runs Jest, with the arguments given, on the addon of build-static/.
import { join } from 'node:path';
import { addonBuild } from './lib/addon.mjs';
import { main, root, runVisibly } from './lib/run.mjs';

main(() => {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const env = { ...process.env, DTLS_ADDON_PATH: addonBuild('build-static', 'static').file };
  runVisibly(process.execPath, [jest, ...process.argv.slice(2)], env);
});
