// The report as text.
import { Ansis } from 'ansis';
import Table from 'cli-table3';
import { caseRows, isCompared, machineRows, shareRows, targetRows } from './rows.mjs';

const HEAD_WIDTH = 15;
/** Lines between rows only under the head. */
const BORDERS = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };

/** `hasColours` false writes no escape sequences. */
export function createTerminalReport({ hasColours }) {
  const colours = hasColours ? new Ansis() : new Ansis(0);
  const heading = (text, name = '') => `${colours.bold(text)}  ${colours.dim(name)}`.trimEnd();

  function table(head, leftColumns) {
    const drawn = new Table({
      head: head.map((text) => colours.bold(wrap(text))),
      colAligns: head.map((_, i) => (leftColumns.includes(i) ? 'left' : 'right')),
      style: { head: [], border: hasColours ? ['gray'] : [] },
      chars: BORDERS,
    });
    return drawn;
  }

  function caseTable(result) {
    const columns = (metric, texts) => (isCompared(result, metric) ? texts : texts.slice(0, 1));
    const drawn = table(['', ...result.metrics.flatMap((metric) => columns(metric, [metric.title, '×']))], [0]);
    const rows = caseRows(result);
    for (const { name, isOurs, cells } of rows) {
      const paint = isOurs ? colours.cyan : (text) => text;
      const figures = cells.flatMap(({ value, spread, ratio }, i) =>
        columns(result.metrics[i], [`${paint(value)} ${colours.dim(spread.padStart(6))}`, paint(ratio)]),
      );
      drawn.push([paint(name), ...figures]);
    }
    const notes = rows.filter(({ note }) => note !== '').map(({ name, note }) => `  ${name}: ${colours.yellow(note)}`);
    return [heading(result.title, result.name), drawn.toString(), ...notes].join('\n');
  }

  function verdict({ verdict: text, isMet }) {
    if (isMet === undefined) return colours.dim(text);
    return isMet ? colours.green(text) : colours.red(text);
  }

  function targetTable(cases) {
    const drawn = table(['case', 'measured', 'target', 'ratio', ''], [0, 1, 2, 4]);
    for (const row of targetRows(cases)) drawn.push([row.case, row.what, row.target, row.ratio, verdict(row)]);
    return `${heading('Targets')}\n${drawn}`;
  }

  function shareTable(shares) {
    const drawn = table(['', 'message', 'AES-GCM alone', 'CPU in all', 'share'], [0]);
    for (const { name, size, crypto, message, share } of shareRows(shares)) {
      drawn.push([name, size, crypto, message, share]);
    }
    return `${heading('How much of a flood is cryptography')}\n${drawn}`;
  }

  const machine = (facts) =>
    machineRows(facts)
      .map(([name, value]) => `${colours.dim(`${name}:`)} ${value}`)
      .join('\n');

  return { caseTable, targetTable, shareTable, machine };
}

/** Breaks a head into lines, for the figures below it are short. */
function wrap(text) {
  const lines = [''];
  for (const word of text.split(' ')) {
    if (lines.at(-1) !== '' && lines.at(-1).length + 1 + word.length > HEAD_WIDTH) lines.push('');
    lines.push(`${lines.pop()} ${word}`.trim());
  }
  return lines.join('\n');
}
