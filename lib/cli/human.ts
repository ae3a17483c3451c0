import { colours } from './colours';
import { connectedLines } from './connected';
import { escapeMessage, escapeText } from './escape';
import type { CliEvent, Level, Received, Report } from './events';
import { terminalWidth, wrap } from './wrap';

export type Tone = Level | 'message';

export interface Line {
  tone: Tone;
  text: string;
}

/**
 * Qt's colours, where they can be read: Crimson and DarkOrange are Qt's own, but its DarkBlue and DarkMagenta
 * vanish on a black terminal. DodgerBlue and MediumOrchid keep the hue and can be read on black and on white.
 */
const COLOURS: Readonly<Record<Tone, (text: string) => string>> = {
  error: colours.hex('#DC143C'),
  warning: colours.hex('#FF8C00'),
  info: colours.hex('#1E90FF'),
  message: colours.hex('#BA55D3'),
};

/** Prints each event as Qt's example programs do. */
export const humanReport: Report = (event) => {
  const lines = describe(event).flatMap(({ tone, text }) =>
    wrap(escapeText(text), terminalWidth()).map((part) => `${colour(tone, part)}\n`),
  );
  process.stdout.write(lines.join(''));
};

export function colour(tone: Tone, text: string): string {
  return COLOURS[tone](text);
}

/** An event in Qt's words; nothing when those have been said already. */
export function describe(event: CliEvent): Line[] {
  switch (event.event) {
    case 'info':
    case 'warning':
    case 'error':
      return [{ tone: event.event, text: withCode(event.message, event.code) }];
    case 'lookup':
      return [{ tone: 'info', text: `Connecting to: ${event.address}` }];
    case 'listening':
      return [{ tone: 'info', text: `Server is listening on address ${event.address} and port ${event.port}` }];
    case 'message':
      return block([`A message from ${event.association}`, 'DTLS datagram:'], event);
    case 'response':
      return block([`${event.association} received a DTLS datagram:`], event);
    case 'closed':
      return describeEnd(event.association, event.reason);
    case 'connected':
      return connectedLines(event);
    case 'summary':
      return [];
  }
}

/** Bytes as Qt prints them: "17 fe fd". */
export function hexBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

export function withCode(message: string, code: string | undefined): string {
  return code === undefined ? message : `${message} (${code})`;
}

function block(head: string[], { datagram, data }: Received): Line[] {
  const texts = ['---------------', ...head, hexBytes(datagram), 'As plain text:', escapeMessage(data)];
  return texts.map((text) => ({ tone: 'message', text }));
}

/** Endings that Qt's examples do not know; the others have been told in Qt's words. */
function describeEnd(association: string, reason: string): Line[] {
  if (reason === 'idle') return [{ tone: 'info', text: `${association}: closed, nothing came for the idle timeout` }];
  if (reason === 'replaced') {
    return [{ tone: 'info', text: `${association}: replaced by a new handshake from the same address` }];
  }
  return [];
}
