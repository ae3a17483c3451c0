// `npm run bench:profile`: where the CPU time of our client goes, by perf's samples. Needs Linux's perf.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { Failure } from '../scripts/lib/run.mjs';
import { contestants } from './lib/contestants.mjs';
import { preparePeers } from './lib/peers.mjs';
import { killAll, Program } from './lib/program.mjs';

const LIMIT_MS = 60_000;
const SAMPLES_PER_SECOND = 4000;

const WORKLOADS = [
  { title: 'flood, 100 B', mode: 'discard-merged', command: 'flood', options: { size: 100, seconds: 4 } },
  { title: 'echo, 64 in flight', mode: 'echo', command: 'echo', options: { size: 100, window: 64, seconds: 4 } },
  { title: 'ping-pong', mode: 'echo', command: 'echo', options: { size: 100, window: 1, seconds: 4 } },
  { title: 'handshakes', mode: 'echo', command: 'handshake', options: { count: 8000, concurrency: 8 } },
];

/** Whose code a sample is in, by the file and the function; the first that matches. */
const PARTS = [
  ['kernel', ({ file }) => file.startsWith('[kernel')],
  ['JavaScript, compiled', ({ file }) => file.startsWith('[JIT]') || file.startsWith('perf-')],
  ['this addon', ({ file }) => file === 'dtls.node'],
  ['C library', ({ file }) => /^(libc|libstdc\+\+|ld-linux|\[vdso\])/.test(file)],
  [
    'V8, compiling',
    ({ name }) => /internal::(compiler|maglev|interpreter|baseline|parsing|Parser)|turboshaft/.test(name),
  ],
  ['V8, garbage', ({ name }) => /Scaveng|Mark(ing|Compact)|Sweep|Evacuat|Heap::|Allocat/.test(name)],
  ['V8', ({ name }) => /^Builtins_|^RegExp|v8::/.test(name)],
  ['Node-API', ({ name }) => /v8impl|napi/.test(name)],
  ['Node and libuv', ({ name }) => /^node::|^uv_/.test(name)],
  ['OpenSSL and the rest of node', () => true],
];

async function main() {
  if (spawnSync('perf', ['--version']).status !== 0) throw new Failure('perf is not installed (Debian: linux-perf)');
  const [{ reason }] = preparePeers(new Set(['c']), () => {});
  if (reason !== undefined) throw new Failure(reason);
  const columns = [];
  for (const workload of WORKLOADS) columns.push(await profile(workload));
  const table = new Table({
    head: ['CPU time, %', ...WORKLOADS.map(({ title }) => title)],
    colAligns: ['left', ...WORKLOADS.map(() => 'right')],
    style: { head: [], border: [], compact: true },
  });
  for (const [part] of PARTS) table.push([part, ...columns.map((shares) => (shares.get(part) ?? 0).toFixed(1))]);
  console.log(table.toString());
}

async function profile({ mode, command, options }) {
  const scratch = mkdtempSync(join(tmpdir(), 'dtls-profile-'));
  const data = join(scratch, 'perf.data');
  const server = new Program('the server', contestants['plain-c'].server({ mode }), LIMIT_MS);
  try {
    const [node, ...args] = contestants.ours.client(command, await server.ready(), options);
    const record = ['record', '-q', '-F', String(SAMPLES_PER_SECOND), '-e', 'cpu-clock', '-o', data];
    const mapped = ['--perf-basic-prof', '--no-logfile-per-isolate', `--logfile=${join(scratch, 'v8.log')}`];
    const client = new Program('perf', ['perf', ...record, node, ...mapped, ...args], LIMIT_MS);
    await client.json();
    await client.end();
    return shares(data);
  } finally {
    await server.stop();
    rmSync(scratch, { recursive: true });
  }
}

/** Percent of the samples by part. */
function shares(data) {
  const { stdout } = spawnSync('perf', ['report', '-i', data, '--sort', 'dso,symbol', '--stdio'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const sums = new Map();
  for (const [, percent, file, name] of stdout.matchAll(/^ *([\d.]+)% +(\[?\S+\]?)(?: tid \d+)? +\[.\] (.*?) *$/gm)) {
    const [part] = PARTS.find(([, matches]) => matches({ file, name }));
    sums.set(part, (sums.get(part) ?? 0) + Number(percent));
  }
  return sums;
}

process.once('exit', killAll);
main().catch((error) => {
  if (!(error instanceof Failure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
});
