import { printJson } from '../json';
import { terminalWidth } from '../wrap';
import type { BenchReporter } from './events';
import { LiveDisplay } from './live-display';
import { progressLine, reportLines, startLines } from './text';

/** JSON, lines that are redrawn on a terminal that can, or else a line each second. */
export function benchReporter(json: boolean | undefined): BenchReporter {
  if (json) return (event) => printJson('bench', event);
  if (!process.stdout.isTTY || process.env.TERM === 'dumb') return reportInLines;
  const display = new LiveDisplay(process.stdout);
  return (event) => display.report(event);
}

const reportInLines: BenchReporter = (event) => {
  const width = terminalWidth();
  const lines =
    event.event === 'start'
      ? [...startLines(event, width), '']
      : event.event === 'report'
        ? reportLines(event, width)
        : [progressLine(event)];
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
};
