// Compiles the addon with its own OpenSSL linked in, into build-static/.
import { addonBuild } from './lib/addon.mjs';
import { main, runSteps } from './lib/run.mjs';

main(() => {
  runSteps([{ title: 'compiling the addon with a static OpenSSL', run: addonBuild('build-static', 'static').compile }]);
});
