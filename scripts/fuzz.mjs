// Fuzzes native/ with libFuzzer: builds the targets of test/fuzz/ and runs each for a bounded number of inputs.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { hasOpenssl, provide } from './lib/debian.mjs';
import { Failure, main, root, runQuietly, runSteps, runVisibly } from './lib/run.mjs';
import { findCommand, findToolchain } from './lib/toolchain.mjs';

const USAGE = `Usage: npm run fuzz -- [--target NAME]... [--runs N | --seconds N] [--coverage]
  --target NAME  one of test/fuzz/*.cc; may be given again (default: all)
  --runs N       inputs of each target (default: as many as take about 6 s)
  --seconds N    time of each target instead
  --coverage     shows which lines of native/ the stored inputs reach, and fuzzes nothing`;

const folder = join(root, 'build', 'fuzz');
const stored = join(root, 'test', 'fuzz', 'corpus');

const TARGETS = {
  acceptor: { runs: 5000, maxSize: 2048 },
  address: { runs: 500_000, maxSize: 128 },
  client_established: { runs: 6000, maxSize: 1024 },
  client_handshake: { runs: 6000, maxSize: 4096 },
  forged: { runs: 60_000, maxSize: 1024 },
  records: { runs: 150_000, maxSize: 2048 },
  server_established: { runs: 6000, maxSize: 1024 },
  server_handshake: { runs: 6000, maxSize: 4096 },
  udp_receive: { runs: 60_000, maxSize: 512 },
  udp_send: { runs: 15_000, maxSize: 512 },
};

main(() => {
  const { targets, limit, coverage } = readArguments();
  findToolchain();
  if (!provide('clang', () => findCommand('clang++') !== undefined)) return;
  if (!provide(`libclang-rt-${clang('-dumpversion').split('.')[0]}-dev`, hasFuzzer)) return;
  if (!provide('llvm', () => findCommand('llvm-cov') !== undefined)) return;
  if (!provide('libssl-dev', hasOpenssl)) return;
  if (coverage) showCoverage(targets);
  else fuzz(targets, limit);
});

function readArguments() {
  const number = (value) => {
    if (!/^[1-9]\d*$/.test(value)) throw new Failure(USAGE);
    return value;
  };
  try {
    const { values } = parseArgs({
      options: {
        target: { type: 'string', multiple: true },
        runs: { type: 'string' },
        seconds: { type: 'string' },
        coverage: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    const { target: targets = Object.keys(TARGETS), runs, seconds, coverage, help } = values;
    if (help || targets.some((name) => !TARGETS[name])) throw new Failure(USAGE);
    const limit = (name) =>
      seconds ? `-max_total_time=${number(seconds)}` : `-runs=${number(runs ?? String(TARGETS[name].runs))}`;
    targets.map(limit);
    return { targets, limit, coverage };
  } catch (error) {
    throw error.code?.startsWith('ERR_PARSE_ARGS') ? new Failure(`${error.message}\n${USAGE}`) : error;
  }
}

function clang(option) {
  return spawnSync('clang++', [option], { encoding: 'utf8' }).stdout.trim();
}

/** Whether clang came with libFuzzer, which Debian only recommends. */
function hasFuzzer() {
  const libraries = readdirSync(join(clang('-print-resource-dir'), 'lib'), { recursive: true });
  return libraries.some((file) => basename(file).startsWith('libclang_rt.fuzzer'));
}

/** Builds the targets in a folder of their own and returns it. */
function build(name, options) {
  const output = join(folder, name);
  const env = { ...process.env, CXX: 'clang++' };
  const settings = ['-DCMAKE_BUILD_TYPE=RelWithDebInfo', '-DDTLS_FUZZ=ON', ...options];
  const compile = () => {
    runQuietly('cmake', ['-S', root, '-B', output, ...settings], { env });
    runQuietly('cmake', ['--build', output, '--parallel', String(availableParallelism())]);
  };
  runSteps([{ title: `compiling the fuzz targets (${name})`, run: compile }]);
  return output;
}

/** Folders of inputs: what this machine has found, where new ones go, and what is stored. */
function corpusOf(name) {
  const found = join(folder, 'corpus', name);
  mkdirSync(found, { recursive: true });
  return [found, join(stored, name)];
}

function fuzz(targets, limit) {
  const programs = build('sanitized', ['-DDTLS_SANITIZE=ON']);
  const findings = join(folder, 'findings');
  mkdirSync(findings, { recursive: true });
  const known = new Set(readdirSync(findings));
  const rows = targets.map((name) => {
    const program = join(programs, `fuzz_${name}`);
    const result = runTarget(program, name, limit(name), findings);
    const inputs = readdirSync(findings).filter((file) => !known.has(file));
    inputs.map((file) => known.add(file));
    printRow(name, result, inputs.length);
    return { program, inputs, ...result };
  });
  const total = rows.reduce((sum, { executions }) => sum + executions, 0);
  console.log(`${total.toLocaleString('en')} executions`);
  const failed = rows.filter(({ status }) => status !== 0);
  if (failed.length > 0) throw new Failure(failed.map((row) => describe(row, findings)).join('\n'));
}

function runTarget(program, name, limit, findings) {
  const args = [
    limit,
    `-max_len=${TARGETS[name].maxSize}`,
    '-timeout=20',
    '-print_final_stats=1',
    `-artifact_prefix=${join(findings, name)}-`,
    ...corpusOf(name),
  ];
  // Quarantined memory and long stack traces cost more than they tell.
  const env = { ASAN_OPTIONS: 'quarantine_size_mb=16:malloc_context_size=8', UBSAN_OPTIONS: 'print_stacktrace=1' };
  const { status, signal, error, stderr } = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...env, ...process.env },
    maxBuffer: 2 ** 28,
  });
  if (error) throw new Failure(`Cannot run ${program}: ${error.message}`);
  const last = (pattern) => Number([...stderr.matchAll(pattern)].at(-1)?.[1] ?? 0);
  return {
    status: status ?? signal,
    executions: last(/^stat::number_of_executed_units:\s*(\d+)/gm),
    perSecond: last(/^stat::average_exec_per_sec:\s*(\d+)/gm),
    added: last(/^stat::new_units_added:\s*(\d+)/gm),
    edges: last(/ cov: (\d+) /gm),
    allEdges: last(/\((\d+) inline 8-bit counters\)/gm),
    output: stderr,
  };
}

function printRow(name, { executions, perSecond, edges, allEdges, added }, findings) {
  if (!printRow.hasHeader) console.log('target               executions    exec/s        edges  new inputs  findings');
  printRow.hasHeader = true;
  const cells = [
    executions.toLocaleString('en'),
    perSecond.toLocaleString('en'),
    `${edges}/${allEdges}`,
    added,
    findings,
  ];
  const widths = [10, 8, 11, 10, 8];
  console.log([name.padEnd(19), ...cells.map((cell, i) => String(cell).padStart(widths[i]))].join('  '));
}

/** What went wrong, the end of the report before it, and how to see it again. */
function describe({ program, inputs, status, output }, findings) {
  const report = output
    .split('\n')
    .filter((line) => /does not hold|ERROR|runtime error|^ {4}#\d+ .* dtls::/.test(line));
  const replays = inputs.map((file) => {
    const path = relative(root, join(findings, file));
    return `${path}: ${readFileSync(path).length} bytes; again: ${relative(root, program)} ${path}`;
  });
  return [`${basename(program)} ended with ${status}.`, ...report.slice(0, 12), ...replays].join('\n');
}

function showCoverage(targets) {
  const flags = '-fprofile-instr-generate -fcoverage-mapping';
  const programs = build('coverage', [`-DCMAKE_CXX_FLAGS=${flags}`]);
  const profiles = join(programs, 'profiles');
  rmSync(profiles, { recursive: true, force: true });
  for (const name of targets) {
    const env = { ...process.env, LLVM_PROFILE_FILE: join(profiles, `${name}.profraw`) };
    runQuietly(join(programs, `fuzz_${name}`), ['-runs=0', ...corpusOf(name)], { env });
  }
  const merged = join(profiles, 'all.profdata');
  const raw = targets.map((name) => join(profiles, `${name}.profraw`));
  runQuietly('llvm-profdata', ['merge', '-sparse', ...raw, '-o', merged]);
  const [first, ...others] = targets.map((name) => join(programs, `fuzz_${name}`));
  const objects = others.flatMap((program) => ['-object', program]);
  const columns = ['-show-region-summary=false', '-show-branch-summary=false'];
  runVisibly('llvm-cov', ['report', first, ...objects, ...columns, `-instr-profile=${merged}`, join(root, 'native')]);
}
