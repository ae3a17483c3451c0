import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import type { DtlsAssociation } from '../index';

/** After the last answer that came, so long is waited for the others. */
const SILENCE_MS = 2000;

/**
 * Sends each line of standard input, without its line end, to every open association. Resolves at the end of
 * input, or after `signal`, with the number of lines. `unsent` hears of each line that could not be sent.
 */
export async function sendLines(
  associations: readonly DtlsAssociation[],
  unsent: (why: string) => void,
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  for await (const line of createInterface({ input: process.stdin, terminal: false, crlfDelay: Infinity })) {
    if (signal.aborted) break;
    if (line === '') continue;
    count++;
    const open = associations.filter(({ state }) => state === 'open');
    if (open.length === 0) unsent('no association is open');
    await Promise.all(open.map((association) => sendLine(association, line, unsent)));
    // Lets answers come in: a whole file in one go would overrun every buffer on the way.
    await setImmediate();
  }
  return count;
}

/** Resolves when each message sent on an open association has its answer, or when no more come. */
export function answered(associations: readonly DtlsAssociation[]): Promise<void> {
  return new Promise((resolve) => {
    const isComplete = (): boolean =>
      associations.every(({ state, stats }) => state !== 'open' || stats.messagesReceived >= stats.messagesSent);
    const timer = setTimeout(resolve, SILENCE_MS);
    const check = (): void => {
      timer.refresh();
      if (isComplete()) resolve();
    };
    for (const association of associations) association.on('message', check);
    check();
  });
}

/** Resolves when there is room for another line. */
async function sendLine(association: DtlsAssociation, line: string, unsent: (why: string) => void): Promise<void> {
  try {
    if (association.send(line)) return;
  } catch (error) {
    unsent((error as Error).message);
    return;
  }
  await new Promise<void>((resolve) => {
    association.once('drain', resolve);
    association.once('close', () => resolve());
  });
}
