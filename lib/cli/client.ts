import { isIP } from 'node:net';
import { DtlsAssociation } from '../index';
import type { Report } from './events';
import { answered, sendLines } from './input';
import { keylogWriter } from './keylog';
import { type PeerFlags, sessionOptions } from './options';
import { chooseKey } from './psk';
import { stopRequested } from './stop';
import { watchClient } from './watch';

export interface ClientFlags extends PeerFlags {
  count: number;
  name: string;
  /** False for --no-ping. */
  ping: boolean;
}

/**
 * Qt's client example as a command. Returns the exit code: 0 when every association was connected and none failed.
 * Throws for what cannot work, before anything is sent.
 */
export async function runClient(host: string, port: number, flags: ClientFlags, report: Report): Promise<number> {
  const clones = createClones(host, port, flags, report);
  const stop = stopRequested(flags.duration);
  for (const clone of clones) {
    if (isIP(host) === 0) report({ event: 'info', association: clone.name, message: 'Looking up the host ...' });
    clone.startHandshake();
  }
  const ending = new AbortController();
  let unsent = false;
  const input = followInput(clones, flags.duration === undefined, ending.signal, (why) => {
    unsent = true;
    report({ event: 'error', message: `A line was not sent: ${why}` });
  });
  try {
    await Promise.race([stop, input, Promise.all(clones.map((clone) => clone.closed))]);
  } finally {
    ending.abort();
    await Promise.all(clones.map((clone) => clone.close()));
  }
  const fine = await Promise.all(clones.map((clone) => endedWell(clone, report)));
  return fine.every(Boolean) && !unsent ? 0 : 1;
}

function createClones(host: string, port: number, flags: ClientFlags, report: Report): DtlsAssociation[] {
  const { count, pskIdentity, ping } = flags;
  const key = chooseKey(flags);
  const keylog = keylogWriter(flags.keylog);
  return Array.from({ length: count }, (_, number) => {
    const name = `${flags.name} (clone number ${number})`;
    const clone = new DtlsAssociation({
      host,
      port,
      name,
      psk: { identity: pskIdentity ?? name, key },
      ping,
      keylog: keylog !== undefined,
      ...sessionOptions(flags),
    });
    if (keylog !== undefined) clone.on('keylog', keylog);
    watchClient(clone, host, report);
    return clone;
  });
}

/** Sends what the user types; resolves when the end of input is the end of the job. */
async function followInput(
  clones: readonly DtlsAssociation[],
  endsJob: boolean,
  signal: AbortSignal,
  unsent: (why: string) => void,
): Promise<void> {
  await Promise.allSettled(clones.map((clone) => clone.opened));
  const lines = await sendLines(clones, unsent, signal);
  // With no line at all there was nobody to type: a background job, whose input is empty.
  if (endsJob && (lines > 0 || process.stdin.isTTY)) await answered(clones);
  else await new Promise(() => {});
}

async function endedWell(clone: DtlsAssociation, report: Report): Promise<boolean> {
  const { reason } = await clone.closed;
  if (reason === 'error') return false;
  if (clone.handshake !== undefined) return true;
  const message = `${clone.name}: closed before the handshake was complete`;
  report({ event: 'error', association: clone.name, message });
  return false;
}
