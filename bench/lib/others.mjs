// How much of the machine other programs took while a run was measured.
import { readFileSync } from 'node:fs';

const SELF_AND_CHILDREN = [13, 14, 15, 16];
/** The kernel's work on what arrives (softirq) is booked to nobody, and on loopback it is ours. */
const NOT_OTHERS = { idle: 3, ioWait: 4, softirq: 6 };
/** What comes behind is counted in the fields before it (proc(5)). */
const KINDS = 8;

/** In ticks: the time of all CPUs, what of it was busy, and what of that was ours. Undefined where there is no /proc. */
export function cpuTimes() {
  try {
    return readTimes(readFileSync('/proc/stat', 'utf8'), readFileSync('/proc/self/stat', 'utf8'));
  } catch {
    return undefined;
  }
}

/** The two files of that name. Children count when they have been waited for. */
export function readTimes(stat, selfStat) {
  const kinds = stat
    .split('\n', 1)[0]
    .trim()
    .split(/\s+/)
    .slice(1, 1 + KINDS)
    .map(Number);
  const total = kinds.reduce((sum, ticks) => sum + ticks, 0);
  // The name of the program, in brackets, may hold anything.
  const afterName = selfStat.slice(selfStat.lastIndexOf(')') + 2).split(' ');
  const firstAfterName = 2;
  const own = SELF_AND_CHILDREN.reduce((sum, field) => sum + Number(afterName[field - firstAfterName]), 0);
  const notOthers = Object.values(NOT_OTHERS).reduce((sum, kind) => sum + kinds[kind], 0);
  return { total, busy: total - notOthers, own };
}

/** The share of the machine's CPU time that went to others, another guest of the host included. */
export function othersPercent(before, after) {
  if (before === undefined || after === undefined || after.total === before.total) return undefined;
  const others = after.busy - before.busy - (after.own - before.own);
  return Math.max(0, (100 * others) / (after.total - before.total));
}
