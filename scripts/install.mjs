// npm's install script: compiles the addon in the folder of a project that depends on this package.
import { addonBuild } from './lib/addon.mjs';
import { main } from './lib/run.mjs';
import { checkNode } from './lib/toolchain.mjs';

main(() => {
  checkNode();
  const addon = addonBuild();
  if (!addon.isCurrent()) addon.compile();
});
