// The benchmark suite; bench/README.md says what it measures and how.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withMadePart } from '../scripts/lib/made-part.mjs';
import { Failure } from '../scripts/lib/run.mjs';
import { cases } from './cases/index.mjs';
import { createBench } from './lib/bench.mjs';
import { parseCommandLine, USAGE } from './lib/command-line.mjs';
import { contestants } from './lib/contestants.mjs';
import { machineFacts } from './lib/machine.mjs';
import { preparePeers } from './lib/peers.mjs';
import { killAll } from './lib/program.mjs';
import { createProgress } from './lib/progress.mjs';
import { cryptoShares, disturbance, hasFailures } from './lib/results.mjs';
import { needsOf, runCase, runsOf } from './lib/suite.mjs';
import { formatDuration, warnings } from './report/format.mjs';
import { renderHtml } from './report/html.mjs';
import { renderMarkdown } from './report/markdown.mjs';
import { createTerminalReport } from './report/terminal.mjs';

/** Of the JSON file; bench/README.md describes it. */
const SCHEMA = 1;
const INTERRUPTED = 130;

async function main() {
  const options = parseCommandLine(process.argv.slice(2), cases);
  if (options.wantsHelp) process.stdout.write(USAGE);
  else if (options.wantsList) process.stdout.write(cases.map(({ name, title }) => `${name}: ${title}\n`).join(''));
  else await run(options);
}

async function run(options) {
  const { reps, isQuick } = options;
  const began = performance.now();
  const date = new Date().toISOString();
  const machine = machineFacts();
  const report = createTerminalReport({ hasColours: process.stdout.isTTY || process.env.FORCE_COLOR !== undefined });
  console.log(`${report.machine(machine)}\n`);

  let missing = new Map();
  const total = () => options.cases.reduce((sum, each) => sum + runsOf(each, { reps, isQuick, missing }), 0);
  const progress = createProgress({ stream: process.stderr, total });
  const needed = new Set(options.cases.flatMap(({ entries }) => entries.flatMap(needsOf)));
  const peers = preparePeers(needed, (title) => progress.step(`preparing ${title}`));
  progress.clear();
  const absent = peers.filter(({ reason }) => reason !== undefined);
  missing = new Map(absent.map(({ id, title }) => [id, title]));
  for (const { title, reason } of absent) console.log(`${title} is left out: ${reason}`);

  const bench = createBench({ isQuick });
  const results = [];
  for (const [index, definition] of options.cases.entries()) {
    progress.beginCase(definition, `${index + 1}/${options.cases.length}`);
    const onRun = (each) => progress.beginRun(definition, { ...each, title: contestants[each.contestant].title });
    const result = await runCase(definition, { bench, reps, isQuick, missing, onRun });
    progress.clear();
    console.log(`${report.caseTable(result)}\n`);
    results.push(result);
  }

  const durationSeconds = Math.round((performance.now() - began) / 1000);
  const suite = { schema: SCHEMA, date, durationSeconds, reps, isQuick, machine, peers, cases: results };
  finish({ ...suite, cryptoShares: cryptoShares(results), othersPercent: disturbance(results) }, report, options);
}

function finish(suite, report, { json, html, page }) {
  if (suite.cryptoShares.length > 0) console.log(`${report.shareTable(suite.cryptoShares)}\n`);
  if (suite.cases.some(({ targets }) => targets.length > 0)) console.log(report.targetTable(suite.cases));
  for (const warning of warnings(suite)) console.log(`\n${warning}`);
  write(json, `${JSON.stringify(suite, null, 2)}\n`);
  write(html, renderHtml(suite));
  if (page !== undefined) writePage(page, suite);
  console.log(`\n${formatDuration(suite.durationSeconds)} passed. Report: ${html}; figures: ${json}`);
  if (hasFailures(suite.cases)) process.exitCode = 1;
}

function writePage(page, suite) {
  const { text, pictures } = renderMarkdown(suite);
  write(page, withMadePart(readFileSync(page, 'utf8'), 'npm run bench', text));
  for (const { path, svg } of pictures) write(join(dirname(page), path), svg);
}

function write(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

process.once('exit', killAll);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(INTERRUPTED));
main().catch((error) => {
  if (!(error instanceof Failure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
});
