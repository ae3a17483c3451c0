import { PassThrough } from 'node:stream';
import { Script } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import type { HandshakesEnded, MessageProgress, Start } from '../../lib/cli/bench/events';
import { bytesPerSecond, count, duration, percent, perSecond, plural } from '../../lib/cli/bench/format';
import { frame } from '../../lib/cli/bench/frame';
import { renderPage } from '../../lib/cli/bench/html';
import { LiveDisplay, type Terminal } from '../../lib/cli/bench/live-display';
import { notesOn } from '../../lib/cli/bench/notes';
import { makePlan } from '../../lib/cli/bench/plan';
import { progressLine, reportLines, startLines } from '../../lib/cli/bench/text';
import { benchFlags, benchReport } from './bench-support';

const WIDTH = 100;
const answers = benchReport().messages?.answers;
if (answers === undefined) throw new Error('a report without answers');

const start: Start = { event: 'start', ...makePlan('127.0.0.1', 5684, benchFlags({ associations: 100 })) };
const handshakes: HandshakesEnded = { event: 'handshakes', ...benchReport().handshakes };
const progress: MessageProgress = {
  event: 'progress',
  phase: 'messages',
  elapsedMs: 5003,
  associations: 100,
  sent: 61_000,
  sentPerSecond: 12_200.4,
  answered: 60_990,
  answeredPerSecond: 12_198,
  lost: 3,
  retransmits: 2,
  latencyMs: { p50: 0.15, p99: 1.25, max: 12.5 },
};

test.each([
  [count(1234567.6), '1,234,568'],
  [plural(1, 'message'), '1 message'],
  [plural(1000, 'message'), '1,000 messages'],
  [perSecond(12345.6), '12,346/s'],
  [perSecond(0.12345), '0.123/s'],
  [duration(0.0534), '53 µs'],
  [duration(1.234), '1.23 ms'],
  [duration(123.4), '123 ms'],
  [duration(12_345), '12.3 s'],
  [percent(0.00123), '0.123 %'],
  [percent(1), '100 %'],
  [bytesPerSecond(12), '12 B/s'],
  [bytesPerSecond(12_345), '12.3 kB/s'],
  [bytesPerSecond(12_345_678), '12.3 MB/s'],
])('figures read like %s', (text, expected) => {
  expect(text).toBe(expected);
});

describe('the plan in words', () => {
  test.each([
    [{}, '1 association, 1 message in flight, 64 bytes, echo expected, 10 s'],
    [{ associations: 3, window: 2 }, '3 associations, 2 messages in flight on each, 64 bytes, echo expected, 10 s'],
    [{ rate: 5000, anyReply: true }, '1 association, 5,000/s, 64 bytes, any answer counts, 10 s'],
    [{ oneWay: true, size: 1, duration: 0.5 }, '1 association, as fast as it goes, 1 byte, one way, 500 ms'],
  ] as const)('%j', (flags, words) => {
    const plan: Start = { event: 'start', ...makePlan('::1', 5684, benchFlags(flags)) };
    expect(startLines(plan, WIDTH)).toEqual(['dtls bench [::1]:5684', words]);
  });
});

describe('the report as text', () => {
  test('tells handshakes and messages', () => {
    expect(reportLines(benchReport(), WIDTH)).toEqual([
      '',
      'Handshakes',
      '  opened       100 of 100 in 250 ms, 400/s, 32 at a time',
      '  each took    mean 200 µs, p50 150 µs, p90 400 µs, p99 1.25 ms, p99.9 2.5 ms, max 12.5 ms',
      '  retransmits  0',
      '',
      'Messages',
      '  sent         123,456 in 10 s, 12,346/s, 790 kB/s',
      '  answered     123,456, 12,346/s',
      '  lost         0',
      '  latency      mean 200 µs, p50 150 µs, p90 400 µs, p99 1.25 ms, p99.9 2.5 ms, max 12.5 ms',
      '  our CPU      50 % of a core',
    ]);
  });

  test('tells what failed, how often and why, without what a terminal would obey', () => {
    const failures = [{ code: 'ERR_DTLS_PSK_UNKNOWN', count: 50, message: 'no key for "a\x1b[2J"' }];
    const ended = [{ code: 'close_notify', count: 2, message: 'The server closed the association.' }];
    const report = benchReport(
      { handshakes: { ...benchReport().handshakes, opened: 50, failed: 50, failures } },
      { ended, unsent: 1000, answers: { ...answers, lost: 1234, lostShare: 0.01 } },
    );
    const lines = reportLines(report, WIDTH);
    expect(lines).toContain('  failed       50 × ERR_DTLS_PSK_UNKNOWN: no key for "a\\x1b[2J"');
    expect(lines).toContain('  ended        2 × close_notify: The server closed the association.');
    expect(lines).toContain('  not sent     1,000 that were due');
    expect(lines).toContain('  lost         1,234 (1 %) without an answer within 1 s');
  });

  test('has no messages when no association was opened', () => {
    const { messages: _, ...report } = benchReport({ notes: ['a note'] });
    const lines = reportLines(report, WIDTH);
    expect(lines).not.toContain('Messages');
    expect(lines.slice(-2)).toEqual(['', 'a note']);
  });

  test('has no answers when none were expected', () => {
    const text = reportLines(benchReport({}, { answers: undefined }), WIDTH).join('\n');
    expect(text).not.toMatch(/answered|lost|latency/);
  });

  test('does not spread a single latency over its percentiles', () => {
    const one = { min: 13.811, mean: 13.814, p50: 13.816, p90: 13.816, p99: 13.816, p999: 13.816, max: 13.816 };
    const report = benchReport({ handshakes: { ...benchReport().handshakes, latencyMs: one } });
    expect(reportLines(report, WIDTH)).toContain('  each took    13.8 ms');
  });

  test('fits the terminal', () => {
    expect(reportLines(benchReport(), 60).filter((line) => line.length > 60)).toEqual([]);
  });
});

describe('notes', () => {
  test('there are none on a run without fault', () => {
    expect(notesOn(benchReport())).toEqual([]);
  });

  test.each([
    ['no echo came, but answers', { answers: { ...answers, answered: 0, foreign: 9 } }, /9 messages .* --any-reply/],
    ['nothing came', { answers: { ...answers, answered: 0 } }, /^Nothing came back.*--one-way/],
    ['answers were late', { answers: { ...answers, late: 1 } }, /^1 answer came after --answer-timeout/],
    ['the rate was not reached', { unsent: 2000 }, /^2,000 messages .* not sent/],
    [
      'messages left late',
      { sendLagMs: { ...(answers.latencyMs as NonNullable<typeof answers.latencyMs>), p50: 0.1 } },
      /^Half of the messages left 100 µs late/,
    ],
    ['this program was busy', { cpuCores: 0.97 }, /used 97 % of a core/],
    ['the network reported errors', { transportErrors: 4 }, /^The network reported 4 errors/],
  ])('say when %s', (_what, messages, words) => {
    expect(notesOn(benchReport({}, messages))).toEqual([expect.stringMatching(words)]);
  });

  test('a rate keeps this program busy with waiting, which is no fault', () => {
    const plan = makePlan('127.0.0.1', 5684, benchFlags({ rate: 1000 }));
    expect(notesOn(benchReport({ plan }, { cpuCores: 1 }))).toEqual([]);
  });
});

test('a second is one line', () => {
  expect(progressLine(handshakes)).toBe(
    'handshakes: all ended, 100 open, 400/s, 0 failed, p50 150 µs, p99 1.25 ms, max 12.5 ms, 0 retransmits',
  );
  expect(progressLine(progress)).toBe(
    'messages: 5 s, 12,200/s sent, 12,198/s answered, 3 lost, p50 150 µs, p99 1.25 ms, max 12.5 ms, 2 retransmits',
  );
});

describe('the live display', () => {
  const rates = [100, 800, 12_200];

  test('shows progress, rates, losses and latencies', () => {
    expect(frame({ start, handshakes, messages: progress, rates }, WIDTH)).toEqual([
      '',
      `handshakes   ${'█'.repeat(20)}   100 of 100 open   0 failed`,
      '             400/s   0 retransmits   p50 150 µs   p99 1.25 ms   max 12.5 ms',
      `messages     ${'█'.repeat(10)}${'░'.repeat(10)}   5 of 10 s   100 associations`,
      'rate         12,198/s answered   12,200/s sent   ▁▁█',
      'count        61,000 sent   3 lost   2 retransmits',
      'latency      p50 150 µs   p99 1.25 ms   max 12.5 ms',
    ]);
  });

  test.each([20, 40, 60, 80])('fits %d columns', (width) => {
    const lines = frame({ start, handshakes, messages: progress, rates }, width);
    expect(lines.filter((line) => line.length > width)).toEqual([]);
  });

  test('draws over its last lines, and leaves the report in their place', () => {
    const terminal = Object.assign(new PassThrough({ encoding: 'utf8' }), { columns: 80 });
    const display = new LiveDisplay(terminal as unknown as Terminal);
    const drawn = (event: Parameters<LiveDisplay['report']>[0]): string => {
      display.report(event);
      return String(terminal.read());
    };
    expect(drawn(start)).toContain('dtls bench 127.0.0.1:5684\n');
    const linesOf = (text: string) => text.split('\n').length - 1;
    const first = drawn(handshakes);
    const second = drawn(progress);
    expect(second).toContain('\x1b[0J');
    expect(second).toContain(`\x1b[${linesOf(first)}A`);
    const report = drawn(benchReport());
    expect(report).toContain(`\x1b[${linesOf(second)}A`);
    expect(report).toContain('Messages\n  sent         123,456');
  });
});

describe('the page', () => {
  const course = {
    answersExpected: true,
    handshakes: [],
    messages: [
      { end: 0.25, length: 0.25, counts: { sent: 4711, answered: 4710, lost: 1 } },
      { end: 0.5, length: 0.25, counts: { sent: 4711, answered: 4710, lost: 1 }, latency: { p50: 1, p99: 2, max: 3 } },
    ],
    distribution: [{ percentile: 0, ms: 0.125 }],
  };
  const hostile = '</script><script>alert(1)</script>';
  const page = renderPage(
    benchReport({ plan: { ...benchReport().plan, host: hostile }, notes: [`a note on ${hostile}`] }),
    course,
    new Date('2026-01-02T03:04:05Z'),
  );
  const scripts = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map((match) => match[1] as string);

  test('holds the figures and the data of the charts', () => {
    for (const figure of ['12,346/s', '150 µs', '1.25 ms', '2026-01-02 03:04 UTC', 'PSK-AES128-GCM-SHA256']) {
      expect(page).toContain(figure);
    }
    const [, data] = /<script type="application\/json" id="course">(.*?)<\/script>/.exec(page) ?? [];
    expect(JSON.parse(data as string)).toEqual(course);
  });

  test('refers to nothing outside of itself, and may not load anything', () => {
    expect(page).not.toMatch(/<(link|img|iframe|object)|\b(src|href)=|@import|url\(/);
    expect(new Set(page.match(/https?:\/\/[^\s"')]+/g))).toEqual(new Set(['https://github.com/leeoniya/uPlot']));
    expect(page).toContain(`http-equiv="Content-Security-Policy" content="default-src 'none';`);
  });

  test('has scripts that parse, with the licence of what is not ours', () => {
    expect(scripts).toHaveLength(2);
    for (const script of scripts) expect(() => new Script(script)).not.toThrow();
    expect(scripts[0]).toContain('The MIT License');
  });

  test('shows what users and servers wrote as text', () => {
    expect(page).not.toContain('<script>alert');
    expect(page).toContain('&#60;/script&#62;&#60;script&#62;alert(1)');
  });
});
