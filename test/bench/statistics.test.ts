import { expect, test } from '@jest/globals';
import { evaluate } from './modules';

test('a summary has the median, the range and the number of runs', () => {
  expect(evaluate('lib/statistics.mjs', 'return input.map(m.summarise)', [[5], [3, 1, 2], [4, 1, 3, 2]])).toEqual([
    { median: 5, min: 5, max: 5, count: 1 },
    { median: 2, min: 1, max: 3, count: 3 },
    { median: 2.5, min: 1, max: 4, count: 4 },
  ]);
});

test('nothing measured has no summary', () => {
  expect(evaluate('lib/statistics.mjs', 'return m.summarise([]) === undefined')).toBe(true);
});

test('every round begins with another contestant', () => {
  const rounds = evaluate('lib/statistics.mjs', "return [0, 1, 2, 3].map((round) => m.rotate(['a', 'b', 'c'], round))");
  expect(rounds).toEqual([
    ['a', 'b', 'c'],
    ['b', 'c', 'a'],
    ['c', 'a', 'b'],
    ['a', 'b', 'c'],
  ]);
});

const medians = { 'ours/rate/': 350, 'c/rate/': 100, 'ours/cpu/': 1, 'c/cpu/': 4, 'c/heap/': 2, 'ours/rate/10': 500 };

interface Verdict {
  ratio?: number;
  isMet?: boolean;
}

function judge(target: object): Verdict {
  const find = "(who, metric, point) => input.medians[[who, metric, point ?? ''].join('/')]";
  const { ratio, isMet } = evaluate<Verdict>('lib/statistics.mjs', `return m.judge(input.target, ${find})`, {
    target: { contestant: 'ours', ...target },
    medians,
  });
  return { ratio, isMet };
}

test.each([
  ['at least, reached', { metric: 'rate', against: 'c', atLeast: 3.5 }, { ratio: 3.5, isMet: true }],
  ['at least, missed', { metric: 'rate', against: 'c', atLeast: 3.6 }, { ratio: 3.5, isMet: false }],
  ['at most, kept', { metric: 'cpu', against: 'c', atMost: 0.25 }, { ratio: 0.25, isMet: true }],
  ['at most, exceeded', { metric: 'cpu', against: 'c', atMost: 0.2 }, { ratio: 0.25, isMet: false }],
  ['another metric', { metric: 'cpu', against: 'c', againstMetric: 'heap', atMost: 1 }, { ratio: 0.5, isMet: true }],
  [
    'its own at another point',
    { metric: 'rate', against: 'ours', point: '', againstPoint: '10', atLeast: 0.9 },
    { ratio: 0.7, isMet: false },
  ],
])('a target is judged: %s', (_name, target, verdict) => {
  expect(judge(target)).toEqual(verdict);
});

test('a target whose other side was not measured is neither met nor missed', () => {
  expect(judge({ metric: 'rate', against: 'qt', atLeast: 2 })).toEqual({});
});

test('the CPU time of the last seconds is interpolated between samples', () => {
  const samples = [
    { at: 0, cpuSeconds: 5 },
    { at: 1, cpuSeconds: 6 },
    { at: 2, cpuSeconds: 6.5 },
    { at: 3, cpuSeconds: 7.5 },
  ];
  const over = (seconds: number) => evaluate('lib/cpu-meter.mjs', `return m.cpuOfLast(input, ${seconds})`, samples);
  expect(over(1)).toBe(1);
  expect(over(1.5)).toBe(1.25);
  expect(over(3)).toBe(2.5);
  expect(over(4)).toBeNull();
});

test('what other programs take is what is busy and not ours', () => {
  const before = 'cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2 3 4\n';
  const after = 'cpu  150 0 70 900 50 0 10 20 0 0\ncpu0 1 2 3 4\n';
  const self = (user: number, childSystem: number) =>
    `7 (a) b) S 1 1 1 0 -1 0 0 0 0 0 ${user} 5 10 ${childSystem} 20 0 1`;
  const input = [
    [before, self(5, 1)],
    [after, self(15, 31)],
  ];
  const body = 'const [a, b] = input.map((files) => m.readTimes(...files)); return m.othersPercent(a, b);';
  // 200 ticks passed, 90 of them busy with programs, 40 of these ours.
  expect(evaluate('lib/others.mjs', body, input)).toBe(25);
});

test('what the kernel holds and has dropped is summed up over the sockets of a port', () => {
  const rows = [
    '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops',
    ' 5608: 0100007F:1633 0100007F:C35F 01 00000000:00000300 00:00000000 00000000     0        0 161 2 00000000d9d372d4 7',
    ' 5609: 0100007F:1633 00000000:0000 07 00000010:00000001 00:00000000 00000000     0        0 162 2 000000001eba71cf 5',
    ' 5610: 0100007F:1634 00000000:0000 07 00000000:00000001 00:00000000 00000000     0        0 163 2 000000001eba71cf 3',
  ];
  const body = 'return m.udpSockets(5683, input)';
  expect(evaluate('lib/udp-sockets.mjs', body, rows.join('\n'))).toEqual({ queuedBytes: 0x301, drops: 12 });
});
