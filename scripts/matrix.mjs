// Loads the addon, built once on this Node, into every Node of the matrix, and runs there a smoke test, the unit tests
// and those with impaired peers. What passed goes into docs/matrix.json and, as a table, into README.md.
//
//   NODE...   only on these versions, or a Debian; what passed on the others stays
//   --quick   the smoke test everywhere but on another Debian's Node, the rest on two; writes nothing
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addonBuild } from './lib/addon.mjs';
import { peers, withTable } from './lib/matrix-table.mjs';
import { compileWithMusl } from './lib/musl.mjs';
import { Failure, main, root, runSteps } from './lib/run.mjs';
import { install, runtimes } from './lib/runtimes.mjs';
import { hashFiles, hashOf } from './lib/stamp.mjs';

const staticAddon = addonBuild('build-static', 'static');
const results = join(root, 'docs', 'matrix.json');
const UNIT = 'test/unit';
const IMPAIRED = 'test/interop/impaired.test.ts';
/** What a row is the result of: only rows of the same make one table. */
const SOURCES = ['lib', 'native', UNIT, IMPAIRED, 'test/support'];
/** What `--quick` runs besides the smoke test, and where: on an OpenSSL newer than this Node's, and on the newest. */
const quick = { '24.21.0': UNIT, '26.10.0': IMPAIRED };

main(() => {
  if (!staticAddon.isCurrent()) runSteps([{ title: 'compiling with a static OpenSSL', run: staticAddon.compile }]);
  const given = process.argv.slice(2);
  const failures = given.includes('--quick') ? runQuickly() : runAll(given);
  if (failures.length > 0) throw new Failure(failures.join('\n'));
});

function runQuickly() {
  compileWithMusl();
  const failures = runtimes
    .filter(({ openssl }) => openssl !== 'system')
    .flatMap((runtime) => smokeFailures(runtime, install(runtime)));
  for (const [node, tests] of Object.entries(quick)) {
    const runtime = runtimes.find((candidate) => candidate.node === node && candidate.openssl === 'node');
    failures.push(...runJest(runtime, install(runtime), tests).failures);
  }
  return failures;
}

/** On the runtimes of these names, or all of them. */
function runAll(names) {
  const unknown = names.filter((name) => !runtimes.some(({ node }) => node === name));
  if (unknown.length > 0) throw new Failure(`There is no ${unknown.join(', ')} in scripts/lib/runtimes.mjs.`);
  const musl = compileWithMusl();
  if (musl === undefined) throw new Failure('The matrix is written with musl only.');
  const failures = [];
  const rows = runtimes.map((runtime) => {
    const earlier = names.length > 0 && !names.includes(runtime.node) && rowOf(runtime);
    if (earlier) return earlier;
    const command = install(runtime);
    const sources = hashOf(hashFiles(SOURCES)).slice(0, 16);
    const unit = runJest(runtime, command, UNIT);
    const impaired = runJest(runtime, command, IMPAIRED);
    failures.push(...smokeFailures(runtime, command), ...unit.failures, ...impaired.failures);
    const { node, openssl } = versionsOf(runtime, command);
    const ofPeer = (peer) => countOf(impaired.tests.filter(({ title }) => title.startsWith(`${peer}'s `)));
    const counts = Object.fromEntries(peers.map((peer) => [peer, ofPeer(peer)]));
    const date = new Date().toISOString().slice(0, 10);
    return { runtime, node, openssl, date, sources, unit: countOf(unit.tests), peers: counts };
  });
  write({ system: systemName(), addon: process.versions.node, musl, peers: peerVersions(), rows });
  return failures;
}

/** What passed on it the last time; undefined when it was never run. */
function rowOf({ node, openssl }) {
  const { rows } = JSON.parse(readFileSync(results, 'utf8'));
  return rows.find(({ runtime }) => runtime.node === node && runtime.openssl === openssl);
}

/** `tests`: each with its title and what became of it; `failures`: what to tell of them. */
function runJest(runtime, command, path) {
  const folder = mkdtempSync(join(tmpdir(), 'dtls-matrix-'));
  const output = join(folder, 'jest.json');
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  run(runtime, command, [jest, path, '--silent', '--json', `--outputFile=${output}`]);
  const suites = JSON.parse(readFileSync(output, 'utf8')).testResults;
  rmSync(folder, { recursive: true });
  const tests = suites.flatMap((suite) => {
    // A file that does not load has no tests, and a message.
    const isBroken = suite.status === 'failed' && suite.assertionResults.length === 0;
    if (isBroken) return [{ title: suite.name, status: 'failed', text: suite.message }];
    return suite.assertionResults.map((test) => ({
      title: test.fullName,
      status: test.status,
      text: test.failureMessages[0],
    }));
  });
  const failed = tests.filter(({ status }) => status === 'failed');
  const { passed } = countOf(tests);
  console.log(`${nameOf(runtime)}: ${path}: ${passed} passed, ${failed.length} failed`);
  for (const { title } of failed) console.log(`  ${title}`);
  return { tests, failures: failed.map(({ title, text }) => `${nameOf(runtime)}: ${title}\n${text}`) };
}

function countOf(tests) {
  const count = (status) => tests.filter((test) => test.status === status).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('pending') };
}

function smokeFailures(runtime, command) {
  const { status, error, stdout, stderr } = run(runtime, command, [join(root, 'test', 'support', 'smoke.cjs')]);
  const { node, openssl } = versionsOf(runtime, command);
  const name = `Node ${node}, OpenSSL ${openssl}, addon with ${runtime.openssl} OpenSSL`;
  console.log(`${name}: smoke test ${status === 0 ? 'passed' : 'failed'}`);
  return status === 0 ? [] : [`${name}: ${error?.message ?? stdout + stderr}`];
}

/** The Node's version, and that of the OpenSSL which the addon runs there. */
function versionsOf(runtime, command) {
  const openssl = 'require("./dist").versions().opensslRuntime';
  const program = `JSON.stringify({ node: process.versions.node, openssl: ${openssl} })`;
  const { stdout, stderr } = run(runtime, command, ['-p', program]);
  if (stdout === '') throw new Failure(`${nameOf(runtime)}: ${stderr}`);
  return JSON.parse(stdout);
}

function run({ openssl }, [program, ...args], more) {
  const { DTLS_ADDON_PATH: _, ...others } = process.env;
  const env = openssl === 'static' ? { ...others, DTLS_ADDON_PATH: staticAddon.file } : others;
  return spawnSync(program, [...args, ...more], { cwd: root, env, encoding: 'utf8', maxBuffer: 2 ** 28 });
}

function nameOf({ node, openssl }) {
  return `Node ${node} (${openssl})`;
}

/** As the programs and packages themselves tell. */
function peerVersions() {
  const tell = (command, ...args) => spawnSync(command, args, { encoding: 'utf8' }).stdout;
  return {
    OpenSSL: tell('openssl', 'version').split(' ')[1],
    GnuTLS: tell('gnutls-cli', '--version').split(/\s/)[1],
    Qt: tell('pkg-config', '--modversion', 'Qt5Core').trim(),
  };
}

function systemName() {
  const [, name] = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'));
  return `${name}, ${process.arch}`;
}

function write(matrix) {
  writeFileSync(results, `${JSON.stringify(matrix, null, 2)}\n`);
  const readme = join(root, 'README.md');
  writeFileSync(readme, withTable(readFileSync(readme, 'utf8'), matrix));
}
