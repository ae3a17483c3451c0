import { withMadePart } from './made-part.mjs';
import { runtimes } from './runtimes.mjs';

/** The peers of test/interop/impaired.test.ts, by the first word of its describes. */
export const peers = ['OpenSSL', 'GnuTLS', 'Qt'];

const OPENSSL = { node: "Node's", static: 'linked in', system: "the system's" };

/** The README with the table of these results in it. */
export function withTable(readme, results) {
  return withMadePart(readme, 'npm run matrix', render(results));
}

/** What is wrong with a README and results, as sentences: none when the README shows what was run, and all of it. */
export function problems(readme, results) {
  const idOf = ({ node, openssl }) => `Node ${node} (${openssl})`;
  const defined = runtimes.map(idOf);
  const { rows } = results;
  const run = rows.map(({ runtime }) => idOf(runtime));
  // Any test but one that is skipped runs everywhere.
  const tests = ({ unit: { passed, failed, skipped } }) => passed + failed + skipped;
  const others = (isOther) => run.filter((_, i) => isOther(rows[i], rows[0]));
  return [
    ...defined.filter((id) => !run.includes(id)).map((id) => `${id} was not run.`),
    ...run.filter((id) => !defined.includes(id)).map((id) => `${id} is not among the runtimes any more.`),
    ...others((row, first) => row.sources !== first.sources).map((id) => `${id} ran other sources than ${run[0]}.`),
    ...others((row, first) => tests(row) !== tests(first)).map((id) => `${id} has not the unit tests of ${run[0]}.`),
    ...(withTable(readme, results) === readme ? [] : ['README.md does not show the results.']),
  ];
}

function render({ addon, system, musl, peers: versions, rows }) {
  const columns = ['Node.js', 'OpenSSL', 'unit tests', ...peers.map((peer) => `${peer} ${versions[peer]}`)];
  const cells = rows.map(({ runtime, node, openssl, unit, peers: counts }) => [
    runtime.openssl === 'system' ? `${node}, of Debian ${runtime.node}` : node,
    `${openssl}, ${OPENSSL[runtime.openssl]}`,
    count(unit),
    ...peers.map((peer) => count(counts[peer])),
  ]);
  const line = (row) => `| ${row.join(' | ')} |`;
  return `${[line(columns), `|${'---|'.repeat(columns.length)}`, ...cells.map(line)].join('\n')}

How many tests passed ${period(rows)}, on ${system}.
Under the name of a peer: associations with its client and with its server, with a pre-shared key and with certificates
on both sides (Qt's programs: the key alone), over a path that is clean, or loses, repeats, reorders, delays or damages
one datagram in ten, or all of that. The addon was built on Node ${addon}. The C++ compiles with the headers of musl ${musl}, the C
library of Alpine; it was not run there.
`;
}

/** When they were run. */
function period(rows) {
  const dates = rows.map(({ date }) => date).sort();
  const [first, last] = [dates[0], dates.at(-1)];
  return first === last ? `on ${first}` : `from ${first} to ${last}`;
}

/** "all 12", "11 of 12": those that were skipped were not run. */
function count({ passed, failed }) {
  const total = passed + failed;
  if (total === 0) return 'not run';
  const number = (value) => value.toLocaleString('en');
  return failed === 0 ? `all ${number(total)}` : `**${number(passed)} of ${number(total)}**`;
}
