import Table from 'cli-table3';
import { colours } from '../colours';
import { escapeText } from '../escape';
import type { CliEvent, Report, Summary, SummaryRow } from '../events';
import { colour, describe, hexBytes, type Line } from '../human';
import { terminalWidth, wrap } from '../wrap';
import type { DemoReports } from './demo';

/** Each party speaks in a lane with its own label. */
const LABELS: Readonly<Record<string, (text: string) => string>> = {
  server: colours.bgHex('#555555').white,
  Alice: colours.bgHex('#2E8B57').white,
  Bob: colours.bgHex('#808000').white,
  Carol: colours.bgHex('#00788A').white,
};
const LABEL_WIDTH = 8;
const SHOWN_BYTES = 12;
const COLUMNS = ['Name', 'Handshake', 'Out / in', 'Resent', 'Cipher', 'Ended by'];

/** The demo for people. */
export const screenReports: DemoReports = {
  demo: (event) => {
    if (event.event === 'summary') print(showSummary(event));
    else print(['', ...describe(event).map(({ text }) => colours.bold(text))]);
  },
  server: lane('server'),
  client: lane,
};

function lane(party: string): Report {
  const label = LABELS[party](` ${party}`.padEnd(LABEL_WIDTH));
  return (event) => {
    const width = terminalWidth() - LABEL_WIDTH - 1;
    print(
      shortened(event).flatMap(({ tone, text }) =>
        wrap(escapeText(text), width).map((part) => `${label} ${colour(tone, part)}`),
      ),
    );
  };
}

/** Qt's block for a message takes five lines or more; here it has to fit among others. */
function shortened(event: CliEvent): Line[] {
  if (event.event !== 'message' && event.event !== 'response') return describe(event);
  const { datagram } = event;
  const [, head, ...rest] = describe(event);
  const text = rest.at(-1)?.text;
  const start = hexBytes(datagram.subarray(0, SHOWN_BYTES));
  return [
    { tone: 'message', text: head?.text ?? '' },
    { tone: 'message', text: `${start} ... (${datagram.length} bytes)` },
    { tone: 'message', text: `As plain text: ${text}` },
  ];
}

function showSummary(summary: Summary): string[] {
  const table = new Table({
    head: COLUMNS.map((title) => colours.bold(title)),
    colAligns: ['left', 'right', 'right', 'right', 'left', 'left'],
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      left: '',
      right: '',
      middle: '  ',
      mid: '',
      'mid-mid': '',
      'left-mid': '',
      'right-mid': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
    },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...summary.associations.map(cells));
  return ['', table.toString(), '', verdict(summary)];
}

function cells(row: SummaryRow): string[] {
  return [
    row.association,
    row.handshakeMs === undefined ? 'failed' : `${row.handshakeMs.toFixed(1)} ms`,
    `${row.datagramsSent} / ${row.datagramsReceived}`,
    String(row.retransmits),
    row.cipher ?? colours.dim('none'),
    row.closedBy === 'peer' ? 'close_notify' : colours.dim('nothing'),
  ];
}

function verdict({ ok, missing, durationMs }: Summary): string {
  const time = `${(durationMs / 1000).toFixed(1)} s`;
  if (!ok) return colour('error', `Missing after ${time}: ${missing.join('; ')}.`);
  return colours.bold(`All of it happened in ${time}: handshakes, answers, retransmission, close_notify.`);
}

function print(lines: string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}
