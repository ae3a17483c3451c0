import { toMs } from './options';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Resolves when the user wants the command to end: by Ctrl-C or another signal, by closing our output, or because
 * `durationS` is over. A second signal ends the process at once.
 */
export function stopRequested(durationS: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      for (const signal of SIGNALS) process.off(signal, stop);
      resolve();
    };
    for (const signal of SIGNALS) process.on(signal, stop);
    process.stdout.once('error', stop);
    if (durationS !== undefined) setTimeout(stop, toMs(durationS));
  });
}
