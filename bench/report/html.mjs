// The report as one page that needs nothing else.
import { charts } from './charts.mjs';
import { formatDuration, warnings } from './format.mjs';
import { caseRows, isCompared, machineRows, shareRows, targetRows } from './rows.mjs';
import { style } from './style.mjs';
import { escapeHtml } from './svg.mjs';

const TITLE = 'DTLS, measured';

export function renderHtml(suite) {
  const { cases, cryptoShares } = suite;
  const hasTargets = cases.some(({ targets }) => targets.length > 0);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${TITLE}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${TITLE}</h1>
<p>dtls-association beside programs in C, Qt and other packages, on one machine and in one run. Everything uses
PSK-AES128-GCM-SHA256 over the loopback interface. Medians of up to ${suite.reps} runs that alternate, each in processes of
its own. Whiskers reach from the lowest run to the highest, a dashed line is the reference, and a green mark a target.</p>
${warnings(suite)
  .map((text) => `<p class="warning">${text}</p>`)
  .join('')}
${tiles(cases)}
</header>
<nav>${cases.map(({ name }) => `<a href="#${name}">${name}</a>`).join('')}<a href="#machine">machine</a></nav>
<main>
${hasTargets ? targetSection(cases) : ''}
${cases.map(caseSection).join('\n')}
${cryptoShares.length > 0 ? shareSection(cryptoShares) : ''}
${machineSection(suite)}
</main>
</body>
</html>
`;
}

/** The first target of each case, large. */
function tiles(cases) {
  const shown = cases.map((result) => targetRows([result])[0]).filter((row) => row?.ratio);
  if (shown.length === 0) return '';
  const tile = ({ case: name, title, ratio, what, target, isMet }) =>
    `<a class="tile ${isMet ? 'met' : 'missed'}" href="#${name}"><b>${ratio}</b><span>${escapeHtml(title)}</span>
<small>${escapeHtml(what)}: ${escapeHtml(target)}</small></a>`;
  return `<div class="tiles">${shown.map(tile).join('\n')}</div>`;
}

function targetSection(cases) {
  const rows = targetRows(cases).map(
    ({ case: name, title, what, target, ratio, verdict, isMet }) =>
      `<tr><td><a href="#${name}">${escapeHtml(title)}</a></td><td>${escapeHtml(what)}</td>
<td>${escapeHtml(target)}</td><td class="number">${ratio}</td><td>${badge(verdict, isMet)}</td></tr>`,
  );
  return section('targets', 'Targets', table(['case', 'measured', 'target', 'ratio', ''], rows, [3]));
}

function badge(verdict, isMet) {
  const kind = isMet === undefined ? 'open' : isMet ? 'met' : 'missed';
  return `<span class="badge ${kind}">${verdict}</span>`;
}

function caseSection(result) {
  const figures = charts(result).map(({ svg }) => `<figure>${svg}</figure>`);
  const rows = caseRows(result);
  const notes = rows
    .filter(({ note }) => note !== '')
    .map(({ name, note }) => `<p class="warning"><b>${escapeHtml(name)}</b> ${escapeHtml(note)}</p>`);
  const body = `<p>${escapeHtml(result.about)}</p>
<div class="charts">${figures.join('\n')}</div>
${notes.join('\n')}
<details><summary>Figures</summary>${caseTable(result, rows)}</details>`;
  return section(result.name, result.title, body);
}

function caseTable(result, rows) {
  const columns = (metric, cells) => (isCompared(result, metric) ? cells : cells.slice(0, 2));
  const head = result.metrics.flatMap((metric) => columns(metric, [metric.title, 'range', '×']));
  const cell = (text, kind = 'number') => `<td class="${kind}">${escapeHtml(text)}</td>`;
  const lines = rows.map(({ name, isOurs, cells }) => {
    const figures = cells.flatMap(({ value, range, ratio }, i) =>
      columns(result.metrics[i], [cell(value), cell(range, 'number range'), cell(ratio)]),
    );
    return `<tr${isOurs ? ' class="ours"' : ''}><td>${escapeHtml(name)}</td>${figures.join('')}</tr>`;
  });
  return table(
    ['', ...head],
    lines,
    head.map((_, i) => i + 1),
  );
}

function shareSection(shares) {
  const rows = shareRows(shares).map(
    ({ name, size, crypto, message, share }) =>
      `<tr><td>${escapeHtml(name)}</td>${[size, crypto, message, share].map((text) => `<td class="number">${text}</td>`).join('')}</tr>`,
  );
  const head = ['', 'message', 'AES-GCM alone', 'CPU in all', 'share'];
  return section('shares', 'How much of a flood is cryptography', table(head, rows, [1, 2, 3, 4]));
}

function machineSection({ date, durationSeconds, machine, peers }) {
  const facts = [
    ['Measured', `${date.slice(0, 16).replace('T', ' ')} UTC, in ${formatDuration(durationSeconds)} minutes`],
    ...machineRows(machine),
    ...peers.map(({ title, version, reason }) => [title, version ?? `left out: ${reason}`]),
  ];
  const items = facts.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`);
  return section('machine', 'Where it was measured', `<dl>${items.join('')}</dl>`);
}

const section = (id, title, body) => `<section id="${id}"><h2>${escapeHtml(title)}</h2>\n${body}\n</section>`;

function table(head, rows, numeric) {
  const cells = head.map((text, i) => `<th${numeric.includes(i) ? ' class="number"' : ''}>${escapeHtml(text)}</th>`);
  return `<div class="scroll"><table><thead><tr>${cells.join('')}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
}
