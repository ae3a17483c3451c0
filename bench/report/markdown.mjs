// The report as Markdown, for a page that has words around it.
import { charts } from './charts.mjs';
import { formatDuration, warnings } from './format.mjs';
import { caseRows, isCompared, machineRows, shareRows, targetRows } from './rows.mjs';

/** `pictures` are the charts that stand for the tables of curves: `{ path, svg }`, the path beside the page. */
export function renderMarkdown(suite) {
  const pictures = [];
  const text = [
    about(suite),
    `### Targets\n\n${targetTable(suite.cases)}`,
    ...suite.cases.map((result) => `### ${result.title}\n\n${result.about}\n\n${shown(result, pictures)}`),
    ...(suite.cryptoShares.length > 0 ? [shares(suite.cryptoShares)] : []),
  ].join('\n\n');
  return { text: `${text}\n`, pictures };
}

function targetTable(cases) {
  const rows = targetRows(cases).map(({ case: name, what, target, ratio, verdict, isMet }) => [
    name,
    what,
    target,
    ratio,
    isMet === false ? `**${verdict}**` : verdict,
  ]);
  return markdownTable(['case', 'measured', 'target', 'ratio', ''], rows, { left: [0, 1, 2, 4] });
}

function shares(cryptoShares) {
  const rows = shareRows(cryptoShares).map(({ name, size, crypto, message, share }) => [
    name,
    size,
    crypto,
    message,
    share,
  ]);
  const head = ['', 'message', 'AES-GCM alone', 'CPU in all', 'share'];
  return `### How much of a flood is cryptography\n\n${markdownTable(head, rows, { left: [0] })}`;
}

function about(suite) {
  const { machine, date, reps, durationSeconds } = suite;
  const facts = [
    ...machineRows(machine).map(([name, value]) => `${name}: ${value}`),
    `${date.slice(0, 10)}, ${reps} rounds, ${formatDuration(durationSeconds)} minutes`,
    ...warnings(suite),
  ];
  return facts.map((fact) => `- ${fact}`).join('\n');
}

function shown(result, pictures) {
  if (result.chart !== 'curve') return caseTable(result);
  return charts(result)
    .map(({ name, title, standalone }) => {
      const path = `charts/${name}.svg`;
      pictures.push({ path, svg: standalone });
      return `![${title}](${path})`;
    })
    .join('\n\n');
}

/** The median of each figure, and in brackets how it compares with the reference. */
function caseTable(result) {
  const rows = caseRows(result);
  const body = rows.map(({ name, isOurs, cells }) => [
    isOurs ? `**${name}**` : name,
    ...cells.map(({ value, ratio }, i) =>
      ratio !== '' && isCompared(result, result.metrics[i]) ? `${value} (${ratio})` : value,
    ),
  ]);
  const notes = rows.filter(({ note }) => note !== '').map(({ name, note }) => `${name}: ${note}.`);
  return [markdownTable(['', ...result.metrics.map(({ title }) => title)], body, { left: [0] }), ...notes].join('\n\n');
}

export function markdownTable(head, rows, { left }) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = `|${head.map((_, i) => (left.includes(i) ? '---|' : '---:|')).join('')}`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
