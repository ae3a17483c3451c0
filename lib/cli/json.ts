import { escapeMessage, escapeText } from './escape';
import type { CliEvent, Report } from './events';

/** Prints each event as one JSON object a line. */
export function jsonReport(role: 'client' | 'server' | 'demo'): Report {
  return (event) => printJson(role, printable(event));
}

/** Strings are escaped: such lines get looked at on terminals, too. */
export function printJson(role: string, event: object): void {
  const line = { time: new Date().toISOString(), role, ...event };
  const text = JSON.stringify(line, (_key, value) => (typeof value === 'string' ? escapeText(value) : value));
  process.stdout.write(`${text}\n`);
}

function printable(event: CliEvent): object {
  if (event.event !== 'message' && event.event !== 'response') return event;
  const { data, datagram, ...rest } = event;
  return { ...rest, bytes: hex(data), text: escapeMessage(data), datagram: hex(datagram) };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
