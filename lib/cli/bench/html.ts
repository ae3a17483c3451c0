import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../usage-error';
import type { BenchReport } from './events';
import { count, duration, percent, perSecond } from './format';
import type { PercentilePoint } from './latency';
import type { Step } from './timeline';
import { describePlan, describeTarget, type Section, sectionsOf } from './words';

/** What the charts of the page show. */
export interface Course {
  answersExpected: boolean;
  handshakes: readonly Step[];
  messages: readonly Step[];
  distribution: readonly PercentilePoint[];
}

interface Tile {
  label: string;
  value: string;
  isBad?: boolean;
}

/** The page's own style and script; they are shipped as they are, not compiled. */
const PAGE = join(__dirname, '../../../lib/cli/bench/page');
const UPLOT = dirname(require.resolve('uplot/package.json'));

/** Nothing may be loaded: the page must say the same wherever it is opened. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** What writes the page into the file; nothing without a file. Finds out at once whether it can be written. */
export function htmlWriter(file: string | undefined): ((report: BenchReport, course: Course) => void) | undefined {
  if (file === undefined) return undefined;
  try {
    writeFileSync(file, '', { flag: 'a' });
  } catch (error) {
    throw new UsageError(`--html: ${(error as Error).message}`);
  }
  return (report, course) => writeFileSync(file, renderPage(report, course, new Date()));
}

/** The report as a page of its own, that needs neither network nor other files. */
export function renderPage(report: BenchReport, course: Course, date: Date): string {
  const title = `dtls bench ${describeTarget(report.plan)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>
${readFileSync(join(UPLOT, 'dist/uPlot.min.css'), 'utf8')}
${readFileSync(join(PAGE, 'report.css'), 'utf8')}
</style>
</head>
<body>
<header>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(subtitle(report))}</p>
<p><time datetime="${date.toISOString()}">${date.toISOString().slice(0, 16).replace('T', ' ')} UTC</time></p>
</header>
<section class="tiles">
${tilesOf(report).map(renderTile).join('\n')}
</section>
${report.notes.map((note) => `<p class="note">${escapeHtml(note)}</p>`).join('\n')}
<section id="charts"></section>
${sectionsOf(report).map(renderSection).join('\n')}
<footer>Latency counts from the time at which a message should have left. Charts by uPlot.</footer>
<script type="application/json" id="course">${escapeJson(course)}</script>
<script>
/*
${readFileSync(join(UPLOT, 'LICENSE'), 'utf8')}*/
${readFileSync(join(UPLOT, 'dist/uPlot.iife.min.js'), 'utf8')}
</script>
<script>
${readFileSync(join(PAGE, 'charts.js'), 'utf8')}
</script>
</body>
</html>
`;
}

function subtitle({ plan, protocol, cipher }: BenchReport): string {
  return [describePlan(plan), protocol, cipher].filter(Boolean).join(', ');
}

function tilesOf({ plan, handshakes, messages }: BenchReport): Tile[] {
  const { opened, openedPerSecond, retransmits } = handshakes;
  return [
    ...(messages === undefined ? [] : messageTiles(messages)),
    {
      label: `of ${count(plan.associations)} open`,
      value: count(opened),
      isBad: opened < plan.associations,
    },
    { label: 'handshakes', value: perSecond(openedPerSecond) },
    { label: 'retransmits', value: count(retransmits) },
  ];
}

function messageTiles({ answers, sentPerSecond }: NonNullable<BenchReport['messages']>): Tile[] {
  if (answers === undefined) return [{ label: 'sent', value: perSecond(sentPerSecond) }];
  const { answeredPerSecond, lost, lostShare, latencyMs } = answers;
  return [
    { label: 'answered', value: perSecond(answeredPerSecond), isBad: answeredPerSecond === 0 },
    ...(latencyMs === undefined
      ? []
      : [
          { label: 'median latency', value: duration(latencyMs.p50) },
          { label: '99th percentile', value: duration(latencyMs.p99) },
        ]),
    { label: 'lost', value: percent(lostShare), isBad: lost > 0 },
  ];
}

function renderTile({ label, value, isBad }: Tile): string {
  return `<div class="tile${isBad ? ' bad' : ''}"><b>${escapeHtml(value)}</b><span>${escapeHtml(label)}</span></div>`;
}

function renderSection({ title, rows }: Section): string {
  const lines = rows.map(({ label, text, isBad }) => {
    return `<tr${isBad ? ' class="bad"' : ''}><th scope="row">${escapeHtml(label)}</th><td>${escapeHtml(text)}</td></tr>`;
  });
  return `<section>\n<h2>${escapeHtml(title)}</h2>\n<table>\n${lines.join('\n')}\n</table>\n</section>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** In a script element only "<" could end the data. */
function escapeJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}
