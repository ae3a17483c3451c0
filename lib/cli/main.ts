#!/usr/bin/env node
import type { DtlsError } from '../index';

// A reader that left, as `head` does, is no error; the commands end then as by Ctrl-C.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    console.error(`error: ${error.message}`);
    process.exit(1);
  });
}

async function main(): Promise<number> {
  try {
    const { runProgram } = await import('./program.js');
    return await runProgram(process.argv);
  } catch (error) {
    // The addon is missing: the library cannot be asked about its own error.
    const { code, message } = error as DtlsError;
    if (code !== 'ERR_DTLS_LOAD') throw error;
    console.error(`error: ${message} (${code})`);
    return 1;
  }
}

main().then((exitCode) => {
  process.exitCode = exitCode;
  // Not earlier: what has been printed must be out. A lookup or an open input must not keep the process alive.
  process.stdout.write('', () => process.exit());
});
