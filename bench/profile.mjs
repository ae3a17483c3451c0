// `npm run bench:profile`: where the CPU time of our clients and servers goes, beside that of plain C, by perf's samples.
// Needs Linux's perf.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { withMadePart } from '../scripts/lib/made-part.mjs';
import { Failure } from '../scripts/lib/run.mjs';
import { contestants } from './lib/contestants.mjs';
import { CpuMeter } from './lib/cpu-meter.mjs';
import { preparePeers } from './lib/peers.mjs';
import { killAll, Program } from './lib/program.mjs';
import { markdownTable } from './report/markdown.mjs';

const LIMIT_MS = 60_000;
const SAMPLES_PER_SECOND = 4000;
/** The part of the measured phase that is looked at. */
const [FROM, TO] = [0.1, 0.9];

const ofClient = (title, mode, command, options) => ({
  title,
  run: (id, perf) => profileClient(id, perf, mode, command, options),
});
const ofServer = (associations) => ({
  title: `${associations.toLocaleString('en')} associations`,
  run: (id, perf) => profileServer(id, perf, { size: 100, window: 256, associations, seconds: 6 }),
});

const TABLES = [
  {
    about: 'Of a client, for each message or handshake:',
    workloads: [
      ofClient('flood, 100 B', 'discard-merged', 'flood', { size: 100, seconds: 4 }),
      ofClient('echo, 64 in flight', 'echo', 'echo', { size: 100, window: 64, seconds: 4 }),
      ofClient('ping-pong', 'echo', 'echo', { size: 100, window: 1, seconds: 4 }),
      ofClient('handshake', 'echo', 'handshake', { 'warm-up': 8000, count: 12_000, concurrency: 8 }),
    ],
  },
  {
    about: 'Of an echo server with 256 messages in flight (`server-echo`), for each message:',
    workloads: [ofServer(10), ofServer(10_000)],
  },
];
const CONTESTANTS = ['ours', 'plain-c'];

const isIn = (functions, { frames }) => frames.some(({ name }) => functions.test(name));

/** What a sample belongs to, by its innermost function, its file and who called it; the first that matches. */
const PARTS = [
  ['kernel: sending', (sample) => isKernel(sample) && isIn(/^(udpv?6?_sendmsg|__sys_send)/, sample)],
  ['kernel: receiving', (sample) => isKernel(sample) && isIn(/^(udpv?6?_recvmsg|__sys_recv|do_recvmmsg)/, sample)],
  ['kernel: epoll', (sample) => isKernel(sample) && isIn(/epoll/, sample)],
  ['kernel: the rest', isKernel],
  ['OpenSSL', ({ file, name }) => /^lib(ssl|crypto)/.test(file) || (file === 'node' && !isOfNode(name))],
  ['C library', ({ file }) => /^(libc|libstdc\+\+|libgcc|ld-linux|\[vdso\])/.test(file)],
  ['the program in C', ({ file }) => /^plain-(client|server)$/.test(file)],
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
  console.log('Microseconds of CPU; perf itself takes some of them.');
  const parts = [];
  for (const { about, workloads } of TABLES) {
    const { head, rows } = await tableOf(workloads);
    console.log(`${about}\n${drawTable(head, rows)}`);
    parts.push(`${about}\n\n${markdownTable(head, rows, { left: [0] })}\n`);
  }
  if (page === undefined) return;
  writeFileSync(page, withMadePart(readFileSync(page, 'utf8'), 'npm run bench:profile', parts.join('\n')));
}

async function tableOf(workloads) {
  const columns = [];
  for (const { title, run } of workloads) {
    for (const id of CONTESTANTS) {
      columns.push({ title: `${title}: ${contestants[id].title}`, ...(await profile(id, run)) });
    }
  }
  const isThere = ([part]) => columns.some(({ parts }) => parts.has(part));
  const rows = PARTS.filter(isThere).map(([part]) => [
    part,
    ...columns.map(({ parts }) => (parts.get(part) ?? 0).toFixed(2)),
  ]);
  rows.push(['together', ...columns.map(({ cpuUs }) => cpuUs.toFixed(2))]);
  return { head: ['', ...columns.map(({ title }) => title)], rows };
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
async function profile(id, run) {
  const scratch = mkdtempSync(join(tmpdir(), 'dtls-profile-'));
  const data = join(scratch, 'perf.data');
  const record = [
    ...['perf', 'record', '-q', '-g', '-F', String(SAMPLES_PER_SECOND), '-e', 'cpu-clock', '-o', data],
    // As process.hrtime() tells the time.
    ...['--clockid', 'CLOCK_MONOTONIC'],
  ];
  const mapped = ['--perf-basic-prof', '--no-logfile-per-isolate', `--logfile=${join(scratch, 'v8.log')}`];
  /** A program's command line, so that perf knows the names of what V8 compiles. */
  const named = ([program, ...args]) => [program, ...(program === process.execPath ? mapped : []), ...args];
  try {
    const { cpuUs, seconds, end } = await run(id, { record, named });
    const from = end - (1 - FROM) * seconds;
    const to = end - (1 - TO) * seconds;
    const samples = samplesOf(data).filter(({ time }) => time >= from && time <= to);
    return { cpuUs, parts: divide(samples, cpuUs) };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

async function profileClient(id, { record, named }, mode, command, options) {
  const server = new Program('the server', contestants['plain-c'].server({ mode }), LIMIT_MS);
  try {
    const client = contestants[id].client(command, await server.ready(), options);
    const perf = new Program('perf', [...record, ...named(client)], LIMIT_MS);
    const { seconds, cpuUsPerMessage, cpuUsPerHandshake } = await perf.json();
    const end = nowSeconds();
    await perf.end();
    return { cpuUs: cpuUsPerMessage ?? cpuUsPerHandshake, seconds, end };
  } finally {
    await server.stop();
  }
}

async function profileServer(id, { record, named }, options) {
  const server = new Program('the server', named(contestants[id].server({ mode: 'echo' })), LIMIT_MS);
  const meter = new CpuMeter(server.pid);
  try {
    const port = await server.ready();
    const perf = new Program('perf', [...record, '-p', String(server.pid)], LIMIT_MS);
    const client = new Program('the client', contestants.crowd.client('echo', port, options), LIMIT_MS);
    const { seconds, messages } = await client.json();
    const end = nowSeconds();
    const cpuSeconds = meter.lastSeconds(seconds);
    await client.end();
    // perf ends with it.
    await server.stop();
    await perf.end();
    return { cpuUs: (cpuSeconds * 1e6) / messages, seconds, end };
  } finally {
    meter.stop();
    await server.stop();
  }
}

function nowSeconds() {
  return Number(process.hrtime.bigint()) / 1e9;
}

/** `{ file, name, frames, time }` of each sample, from the innermost function to the outermost. */
function samplesOf(data) {
  const { stdout } = spawnSync('perf', ['script', '-i', data, '-F', 'time,ip,sym,dso'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  return stdout.split('\n\n').flatMap((block) => {
    const frames = [...block.matchAll(/^\s+[0-9a-f]+ (.*) \((.*)\)$/gm)].map(([, name, path]) => ({
      name,
      file: basename(path),
    }));
    const time = Number(/^\s*([\d.]+):/.exec(block)?.[1]);
    return frames.length === 0 ? [] : [{ ...frames[0], frames, time }];
  });
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
