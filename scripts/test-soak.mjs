// The tests that take minutes: 100,000 associations, and processes that are suspended for a minute.
import { join } from 'node:path';
import { main, root, runVisibly } from './lib/run.mjs';

main(() => {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const tests = ['test/integration/soak', 'test/integration/suspended'];
  runVisibly(process.execPath, [jest, '--runInBand', ...tests], {
    ...process.env,
    DTLS_SOAK: '100000',
    DTLS_SUSPEND_S: '60',
  });
});
