// The CPU time of a program over its last seconds, whatever it did before.
import { readdirSync, readFileSync } from 'node:fs';

const INTERVAL_MS = 20;

/**
 * Samples the CPU time of a process, all its threads. A server's counters tell the time since its start, handshakes
 * included; the client knows when its measured phase ended and how long it was, so a look back tells the rest.
 */
export class CpuMeter {
  #pid;
  #samples = [];
  #timer;

  constructor(pid) {
    this.#pid = pid;
    this.#sample();
    this.#timer = setInterval(() => this.#sample(), INTERVAL_MS);
  }

  /** Call at the end of the phase. Undefined where the system does not tell. */
  lastSeconds(seconds) {
    clearInterval(this.#timer);
    this.#sample();
    return cpuOfLast(this.#samples, seconds);
  }

  stop() {
    clearInterval(this.#timer);
  }

  #sample() {
    const cpuSeconds = threadsCpuSeconds(this.#pid);
    if (cpuSeconds !== undefined) this.#samples.push({ at: performance.now() / 1000, cpuSeconds });
  }
}

/** Since the process began. Linux counts in nanoseconds here, and in ticks of 10 ms in /proc/PID/stat. */
export function threadsCpuSeconds(pid) {
  try {
    const tasks = `/proc/${pid}/task`;
    const ns = readdirSync(tasks).map((id) => Number(readFileSync(`${tasks}/${id}/schedstat`, 'utf8').split(' ')[0]));
    return ns.reduce((sum, value) => sum + value, 0) / 1e9;
  } catch {
    return undefined;
  }
}

/** From samples `{ at, cpuSeconds }` in order of time; what lies between two of them is interpolated. */
export function cpuOfLast(samples, seconds) {
  const last = samples.at(-1);
  if (last === undefined) return undefined;
  const from = last.at - seconds;
  const after = samples.findIndex(({ at }) => at > from);
  if (after < 1) return undefined;
  const [a, b] = [samples[after - 1], samples[after]];
  const before = a.cpuSeconds + ((b.cpuSeconds - a.cpuSeconds) * (from - a.at)) / (b.at - a.at);
  return last.cpuSeconds - before;
}
