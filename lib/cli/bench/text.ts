import { colours } from '../colours';
import { escapeText } from '../escape';
import { colour } from '../human';
import { wrap } from '../wrap';
import type { BenchReport, HandshakeProgress, HandshakesEnded, MessageProgress, Start } from './events';
import { count, perSecond, plural } from './format';
import { describeBrief, describePlan, describeTarget, type Section, sectionsOf } from './words';

const INDENT = '  ';
const LABEL_WIDTH = 13;

/** What is said before anything happens. */
export function startLines(start: Start, width: number): string[] {
  const head = `dtls bench ${escapeText(describeTarget(start))}`;
  return [colours.bold(head), ...wrap(describePlan(start), width)];
}

/** One line for each second. */
export function progressLine(event: HandshakeProgress | HandshakesEnded | MessageProgress): string {
  const words = event.event === 'progress' && event.phase === 'messages' ? messageWords(event) : handshakeWords(event);
  return words.join(', ');
}

function handshakeWords(event: HandshakeProgress | HandshakesEnded): string[] {
  const { opened, failed, openedPerSecond, retransmits, latencyMs } = event;
  return [
    `handshakes: ${event.event === 'progress' ? clock(event.elapsedMs) : 'all ended'}`,
    `${count(opened)} open`,
    perSecond(openedPerSecond),
    `${count(failed)} failed`,
    ...(latencyMs === undefined ? [] : [describeBrief(latencyMs)]),
    plural(retransmits, 'retransmit'),
  ];
}

function messageWords(event: MessageProgress): string[] {
  const { sentPerSecond, answeredPerSecond, lost, latencyMs, retransmits } = event;
  return [
    `messages: ${clock(event.elapsedMs)}`,
    `${perSecond(sentPerSecond)} sent`,
    ...(answeredPerSecond === undefined ? [] : [`${perSecond(answeredPerSecond)} answered`]),
    ...(lost === undefined ? [] : [`${count(lost)} lost`]),
    ...(latencyMs === undefined ? [] : [describeBrief(latencyMs)]),
    plural(retransmits, 'retransmit'),
  ];
}

function clock(elapsedMs: number): string {
  return `${count(elapsedMs / 1000)} s`;
}

/** The report for people. */
export function reportLines(report: BenchReport, width: number): string[] {
  const notes = report.notes.map((note) => ({ tone: 'warning' as const, note }));
  return [
    ...sectionsOf(report).flatMap((section) => sectionLines(section, width)),
    ...(notes.length > 0 ? [''] : []),
    ...notes.flatMap(({ tone, note }) => wrap(escapeText(note), width).map((line) => colour(tone, line))),
  ];
}

function sectionLines({ title, rows }: Section, width: number): string[] {
  const indent = INDENT.length + LABEL_WIDTH;
  return [
    '',
    colours.bold(title),
    ...rows.flatMap(({ label, text, isBad }) =>
      wrap(escapeText(text), width - indent).map((line, number) => {
        const head = (number === 0 ? label : '').padEnd(LABEL_WIDTH);
        return `${INDENT}${colours.dim(head)}${isBad ? colour('error', line) : line}`;
      }),
    ),
  ];
}
