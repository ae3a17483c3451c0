import { isIP } from 'node:net';
import { type ConnectOptions, DtlsAssociation } from '../index';
import { identityOptions, insecureWarning, usesCertificates, verificationOptions } from './certificates';
import type { Report } from './events';
import { readFlagFile } from './files';
import { answered, sendLines } from './input';
import { keylogWriter } from './keylog';
import { type PeerFlags, peerOptions } from './options';
import { PcapFile } from './pcap';
import { chooseKey } from './psk';
import { sessionWriter } from './session-file';
import { stopRequested } from './stop';
import { watchClient } from './watch';

export interface ClientFlags extends PeerFlags {
  count: number;
  name: string;
  /** False for --no-ping. */
  ping: boolean;
  sessOut?: string;
  sessIn?: string;
}

/**
 * Qt's client example as a command. Returns the exit code: 0 when every association was connected and none failed.
 * Throws for what cannot work, before anything is sent.
 */
export async function runClient(host: string, port: number, flags: ClientFlags, report: Report): Promise<number> {
  const { clones, pcap } = createClones(host, port, flags, report);
  if (flags.insecure) report(insecureWarning('the server'));
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
  let isRecorded = true;
  try {
    await Promise.race([stop, input, Promise.all(clones.map((clone) => clone.closed))]);
  } finally {
    ending.abort();
    await Promise.all(clones.map((clone) => clone.close()));
    isRecorded = (await pcap?.close()) ?? true;
  }
  const fine = await Promise.all(clones.map((clone) => endedWell(clone, report)));
  return fine.every(Boolean) && !unsent && isRecorded ? 0 : 1;
}

function createClones(
  host: string,
  port: number,
  flags: ClientFlags,
  report: Report,
): { clones: DtlsAssociation[]; pcap: PcapFile | undefined } {
  const { count, pskIdentity, sessOut } = flags;
  const key = chooseKey(flags, usesCertificates(flags));
  const options = clientOptions(host, port, flags);
  const keylog = keylogWriter(flags.keylog);
  const storeSession = sessOut === undefined ? undefined : sessionWriter(sessOut);
  // The last, for it empties its file.
  const pcap = flags.pcap === undefined ? undefined : new PcapFile(flags.pcap, report);
  const clones = Array.from({ length: count }, (_, number) => {
    const name = `${flags.name} (clone number ${number})`;
    const psk = key && { identity: pskIdentity ?? name, key };
    const clone = new DtlsAssociation({ ...options, name, psk, keylog: keylog !== undefined, capture: pcap?.capture });
    if (keylog !== undefined) clone.on('keylog', keylog);
    if (storeSession !== undefined) clone.on('session', storeSession);
    watchClient(clone, host, report);
    return clone;
  });
  return { clones, pcap };
}

/** What is the same for each of its associations. */
function clientOptions(host: string, port: number, flags: ClientFlags): ConnectOptions {
  const { ping, servername, sessIn } = flags;
  return {
    host,
    port,
    ping,
    ...(servername !== undefined && { servername }),
    ...identityOptions(flags),
    ...verificationOptions(flags),
    ...(sessIn !== undefined && { session: readFlagFile('--sess-in', sessIn) }),
    ...peerOptions(flags),
  };
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
