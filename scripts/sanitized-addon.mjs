// The addon with AddressSanitizer and UndefinedBehaviorSanitizer, inside a Node that was built without them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { addonBuild } from './lib/addon.mjs';
import { Failure, root, runSteps } from './lib/run.mjs';
import { findToolchain } from './lib/toolchain.mjs';

const reports = join(root, '.cache', 'asan');
/** What has much to do with native memory; all of test/unit would take twice as long. */
const tests = [
  'test/native/',
  'test/unit/(association|credentials|drain|endpoint|migration|psk|resumption|security|server|session|srtp)',
  'test/misuse/(order|reentrancy|transports)',
  'test/lab/loss-matrix',
];

/** Runs Jest on the addon. Throws a `Failure` with what the sanitizers found. */
export function testSanitizedAddon() {
  const runtime = sanitizerRuntime();
  if (runtime === undefined) {
    console.log('Skipped the addon under the sanitizers: the compiler has no libasan.so that Node could load first.');
    return;
  }
  const addon = addonBuild('build/asan', 'node', { sanitize: true });
  if (!addon.isCurrent()) runSteps([{ title: 'compiling the addon (sanitized)', run: addon.compile }]);
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  const log = `log_path=${join(reports, 'report')}`;
  const env = {
    ...process.env,
    DTLS_ADDON_PATH: addon.file,
    LD_PRELOAD: runtime,
    // Node itself leaves much behind at its exit: which leaks count is judged below.
    LSAN_OPTIONS: 'exitcode=0',
    ASAN_OPTIONS: log,
    UBSAN_OPTIONS: `print_stacktrace=1:${log}`,
  };
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  // In one process that exits by itself: those that Jest would end are not searched for leaks.
  const options = ['--runInBand', '--testTimeout=60000'];
  const { status } = spawnSync(process.execPath, [jest, ...options, ...tests], { cwd: root, env, stdio: 'inherit' });
  const findings = readdirSync(reports).flatMap((name) => findingsIn(readFileSync(join(reports, name), 'utf8')));
  if (findings.length > 0) throw new Failure(findings.join('\n\n'));
  if (status !== 0) throw new Failure('Jest failed on the addon with sanitizers.');
  console.log('The sanitizers found nothing in the addon.');
}

/** What the report of one process says about the addon. */
function findingsIn(report) {
  if (!report.includes('LeakSanitizer: detected memory leaks')) return [report];
  return report.split('\n\n').filter(isOurs);
}

/**
 * Whether a paragraph is a leak of what we or OpenSSL on our behalf allocated. What V8 or Node-API allocated on our
 * behalf is theirs to free, by the garbage collector that does not run at the end of a process.
 */
function isOurs(paragraph) {
  if (!paragraph.includes(' leak of ')) return false;
  const frames = paragraph.split('\n').slice(1);
  const first = frames.findIndex((frame) => frame.includes('dtls::'));
  return first >= 0 && !frames.slice(0, first).some((frame) => / (v8::|napi_)/.test(frame));
}

/** GCC's; undefined with a compiler that only links its runtime into programs. */
function sanitizerRuntime() {
  const [command, ...options] = findToolchain().compiler.split(' ');
  const file = spawnSync(command, [...options, '-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout?.trim();
  return file !== undefined && isAbsolute(file) ? file : undefined;
}
