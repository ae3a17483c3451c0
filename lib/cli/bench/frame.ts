import { colours } from '../colours';
import { colour, type Tone } from '../human';
import type { HandshakeProgress, HandshakesEnded, MessageProgress, Start } from './events';
import { count, duration, perSecond, plural } from './format';
import type { BriefLatency } from './latency';

const LABEL_WIDTH = 13;
const GAP = '   ';
const BAR_WIDTH = 20;
const SPARKS = '▁▂▃▄▅▆▇█';

/** What the live display shows: the latest of each kind. */
export interface Picture {
  start: Start;
  handshakes: HandshakeProgress | HandshakesEnded | undefined;
  messages: MessageProgress | undefined;
  /** Messages per second, of the seconds until now. */
  rates: readonly number[];
}

interface Cell {
  text: string;
  tone?: Tone | false;
}

type Row = [label: string, cells: Cell[]];

/** The lines of the live display, none wider than `width`: a cell that does not fit is left out. */
export function frame({ start, handshakes, messages, rates }: Picture, width: number): string[] {
  const rows: Row[] = [];
  if (handshakes !== undefined) rows.push(...handshakeRows(start, handshakes));
  if (messages !== undefined) rows.push(...messageRows(start, messages, rates));
  return ['', ...rows.map(([label, cells]) => line(label, cells, width))];
}

function handshakeRows({ associations }: Start, now: HandshakeProgress | HandshakesEnded): Row[] {
  const { opened, failed, openedPerSecond, retransmits, latencyMs } = now;
  return [
    [
      'handshakes',
      [
        { text: bar((opened + failed) / associations), tone: 'info' },
        { text: `${count(opened)} of ${count(associations)} open` },
        { text: `${count(failed)} failed`, tone: failed > 0 && 'error' },
      ],
    ],
    [
      '',
      [{ text: perSecond(openedPerSecond) }, { text: plural(retransmits, 'retransmit') }, ...latencyCells(latencyMs)],
    ],
  ];
}

function messageRows(start: Start, now: MessageProgress, rates: readonly number[]): Row[] {
  const { sent, sentPerSecond, answeredPerSecond, lost, latencyMs, retransmits, associations, elapsedMs } = now;
  const answered = answeredPerSecond === undefined ? [] : [{ text: `${perSecond(answeredPerSecond)} answered` }];
  const loss = lost === undefined ? [] : [{ text: `${count(lost)} lost`, tone: lost > 0 && 'error' }];
  return [
    [
      'messages',
      [
        { text: bar(elapsedMs / start.durationMs), tone: 'info' },
        { text: `${count(elapsedMs / 1000)} of ${duration(start.durationMs)}` },
        { text: plural(associations, 'association') },
      ],
    ],
    ['rate', [...answered, { text: `${perSecond(sentPerSecond)} sent` }, { text: sparkline(rates), tone: 'info' }]],
    ['count', [{ text: `${count(sent)} sent` }, ...loss, { text: plural(retransmits, 'retransmit') }]],
    ...(answeredPerSecond === undefined ? [] : [['latency', latencyCells(latencyMs)] satisfies Row]),
  ];
}

function latencyCells(latency: BriefLatency | undefined): Cell[] {
  if (latency === undefined) return [];
  const { p50, p99, max } = latency;
  return Object.entries({ p50, p99, max }).map(([name, ms]) => ({ text: `${name} ${duration(ms)}` }));
}

function line(label: string, cells: readonly Cell[], width: number): string {
  let text = colours.dim(label.padEnd(LABEL_WIDTH));
  let room = width - LABEL_WIDTH;
  for (const [number, cell] of cells.entries()) {
    const gap = number === 0 ? '' : GAP;
    room -= gap.length + cell.text.length;
    if (room < 0) break;
    text += gap + (cell.tone ? colour(cell.tone, cell.text) : cell.text);
  }
  return text;
}

function bar(share: number): string {
  const full = Math.round(Math.min(share, 1) * BAR_WIDTH);
  return '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
}

function sparkline(values: readonly number[]): string {
  const highest = Math.max(...values, Number.MIN_VALUE);
  return values.map((value) => SPARKS[Math.round((value / highest) * (SPARKS.length - 1))]).join('');
}
