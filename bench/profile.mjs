// `npm run bench:profile`: where the CPU time of our client goes, beside that of plain C, by perf's samples. Needs
// Linux's perf.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { withMadePart } from '../scripts/lib/made-part.mjs';
import { Failure } from '../scripts/lib/run.mjs';
import { contestants } from './lib/contestants.mjs';
import { preparePeers } from './lib/peers.mjs';
import { killAll, Program } from './lib/program.mjs';
import { markdownTable } from './report/markdown.mjs';

const LIMIT_MS = 60_000;
const SAMPLES_PER_SECOND = 4000;
/** The part of a client's life that is looked at: V8 has compiled, and nobody says goodbye yet. */
const [FROM, TO] = [0.6, 0.97];

const WORKLOADS = [
  { title: 'flood, 100 B', mode: 'discard-merged', command: 'flood', options: { size: 100, seconds: 4 } },
  { title: 'echo, 64 in flight', mode: 'echo', command: 'echo', options: { size: 100, window: 64, seconds: 4 } },
  { title: 'ping-pong', mode: 'echo', command: 'echo', options: { size: 100, window: 1, seconds: 4 } },
  {
    title: 'handshake',
    mode: 'echo',
    command: 'handshake',
    options: { 'warm-up': 8000, count: 12_000, concurrency: 8 },
  },
];
const CLIENTS = ['ours', 'plain-c'];

const isIn = (functions, { frames }) => frames.some(({ name }) => functions.test(name));

/** What a sample belongs to, by its innermost function, its file and who called it; the first that matches. */
const PARTS = [
  ['kernel: sending', (sample) => isKernel(sample) && isIn(/^(udpv?6?_sendmsg|__sys_send)/, sample)],
  ['kernel: receiving', (sample) => isKernel(sample) && isIn(/^(udpv?6?_recvmsg|__sys_recv|do_recvmmsg)/, sample)],
  ['kernel: epoll', (sample) => isKernel(sample) && isIn(/epoll/, sample)],
  ['kernel: the rest', isKernel],
  ['OpenSSL', ({ file, name }) => /^lib(ssl|crypto)/.test(file) || (file === 'node' && !isOfNode(name))],
  ['C library', ({ file }) => /^(libc|libstdc\+\+|libgcc|ld-linux|\[vdso\])/.test(file)],
  ['the program in C', ({ file }) => file === 'plain-client'],
  ['this addon', ({ file }) => file === 'dtls.node'],
  ['JavaScript, compiled', ({ file }) => /^(\[JIT\]|perf-)/.test(file)],
  ['V8, compiling', ({ name }) => /internal::(compiler|maglev|interpreter|baseline|parsing|Parser)|turbosh/.test(name)],
  ['V8, garbage', ({ name }) => /Scaveng|Mark(ing|Compact)|Sweep|Evacuat|Heap::|Allocat/.test(name)],
  ['V8', ({ name }) => /^Builtins_|^RegExp|v8::/.test(name)],
  ['Node-API, Node and libuv', () => true],
];

function isKernel({ file }) {
  return file.startsWith('[kernel');
}

/** Not OpenSSL's, which is in the same file. */
function isOfNode(name) {
  return /^Builtins_|^RegExp|v8::|v8impl|napi|^node::|^uv_|^std::|^operator |^_start|^\[unknown\]/.test(name);
}

async function main() {
  const { page } = parseArgs({ options: { page: { type: 'string' } } }).values;
  if (spawnSync('perf', ['--version']).status !== 0) throw new Failure('perf is not installed (Debian: linux-perf)');
  const [{ reason }] = preparePeers(new Set(['c']), () => {});
  if (reason !== undefined) throw new Failure(reason);
  const columns = [];
  for (const workload of WORKLOADS) {
    for (const id of CLIENTS) columns.push(await profile(id, workload));
  }
  const head = ['', ...WORKLOADS.flatMap(({ title }) => CLIENTS.map((id) => `${title}: ${contestants[id].title}`))];
  const rows = [
    ...PARTS.map(([part]) => [part, ...columns.map(({ parts }) => (parts.get(part) ?? 0).toFixed(2))]),
    ['together', ...columns.map(({ cpuUs }) => cpuUs.toFixed(2))],
  ];
  console.log('Microseconds of CPU for each message or handshake; perf itself takes some of them.');
  console.log(drawTable(head, rows));
  if (page === undefined) return;
  const part = `${markdownTable(head, rows, { left: [0] })}\n`;
  writeFileSync(page, withMadePart(readFileSync(page, 'utf8'), 'npm run bench:profile', part));
}

function drawTable(head, rows) {
  const table = new Table({
    head: head.map((text) => text.replaceAll(/[:,] /g, (mark) => `${mark[0]}\n`)),
    colAligns: head.map((_, i) => (i === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows);
  return table.toString();
}

/** `{ cpuUs, parts }`: the CPU time of one message or handshake, and of it that of each part. */
async function profile(id, { mode, command, options }) {
  const scratch = mkdtempSync(join(tmpdir(), 'dtls-profile-'));
  const data = join(scratch, 'perf.data');
  const server = new Program('the server', contestants['plain-c'].server({ mode }), LIMIT_MS);
  try {
    const [program, ...args] = contestants[id].client(command, await server.ready(), options);
    const record = ['record', '-q', '-g', '-F', String(SAMPLES_PER_SECOND), '-e', 'cpu-clock', '-o', data];
    const mapped = ['--perf-basic-prof', '--no-logfile-per-isolate', `--logfile=${join(scratch, 'v8.log')}`];
    const isNode = program === process.execPath;
    const client = new Program('perf', ['perf', ...record, program, ...(isNode ? mapped : []), ...args], LIMIT_MS);
    const result = await client.json();
    await client.end();
    const cpuUs = result.cpuUsPerMessage ?? result.cpuUsPerHandshake;
    return { cpuUs, parts: divide(samplesOf(data), cpuUs) };
  } finally {
    await server.stop();
    rmSync(scratch, { recursive: true });
  }
}

/** `{ file, name, frames }` of each sample, from the innermost function to the outermost. */
function samplesOf(data) {
  const { stdout } = spawnSync('perf', ['script', '-i', data, '-F', 'time,ip,sym,dso'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  const samples = stdout.split('\n\n').flatMap((block) => {
    const frames = [...block.matchAll(/^\s+[0-9a-f]+ (.*) \((.*)\)$/gm)].map(([, name, path]) => ({
      name,
      file: basename(path),
    }));
    const time = Number(/^\s*([\d.]+):/.exec(block)?.[1]);
    return frames.length === 0 ? [] : [{ ...frames[0], frames, time }];
  });
  const [first, last] = [samples[0].time, samples.at(-1).time];
  const isWithin = ({ time }) => time >= first + FROM * (last - first) && time <= first + TO * (last - first);
  return samples.filter(isWithin);
}

function divide(samples, cpuUs) {
  const parts = new Map();
  for (const sample of samples) {
    const [part] = PARTS.find(([, matches]) => matches(sample));
    parts.set(part, (parts.get(part) ?? 0) + cpuUs / samples.length);
  }
  return parts;
}

process.once('exit', killAll);
main().catch((error) => {
  if (!(error instanceof Failure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
});
