import { expect, test } from '@jest/globals';
import { evaluate } from './modules';

const metrics = [
  { key: 'messagesPerSecond', title: 'messages per second', unit: '/s', better: 'higher' },
  { key: 'cpuUsPerMessage', title: 'client CPU per message', unit: 'µs', better: 'lower' },
];
const figure = (median: number, ratio?: number) => ({ median, min: median * 0.9, max: median * 1.2, count: 5, ratio });
const series = (contestant: string, title: string, rest: object) => ({
  contestant,
  title,
  point: '',
  failures: [],
  runs: [],
  figures: {},
  ...rest,
});

const result = {
  name: 'flood-100',
  title: 'One-way flood, 100 bytes',
  about: 'Sends <fast> & far.',
  chart: 'bars',
  reference: 'plain-c',
  points: [{ key: '', label: '' }],
  metrics,
  series: [
    series('ours', 'dtls-association', {
      runs: [{}, {}, {}, {}, {}],
      figures: { messagesPerSecond: figure(961_234, 3.7012), cpuUsPerMessage: figure(1.04, 0.26) },
    }),
    series('plain-c', 'plain C (OpenSSL)', {
      runs: [{}, {}, {}, {}, {}],
      figures: { messagesPerSecond: figure(259_700, 1), cpuUsPerMessage: figure(4, 1) },
    }),
    series('gnutls', 'plain C (GnuTLS)', { failures: ['it crashed'] }),
    series('qt', 'Qt', { skipped: 'Qt is left out' }),
  ],
  targets: [
    {
      contestant: 'ours',
      metric: 'messagesPerSecond',
      against: 'plain-c',
      atLeast: 3.5,
      ratio: 3.7012,
      isMet: true,
    },
    { contestant: 'ours', metric: 'cpuUsPerMessage', against: 'qt', atMost: 0.35 },
  ],
};

const curve = {
  name: 'curve-size',
  title: 'Cost by size',
  about: 'More and more.',
  chart: 'curve',
  axis: { title: 'bytes', isLogarithmic: true },
  reference: 'plain-c',
  points: [16, 1200].map((x) => ({ key: String(x), label: `${x} B`, x })),
  metrics: metrics.slice(1),
  series: [16, 1200].map((x) =>
    series('ours', 'dtls-association', { point: String(x), figures: { cpuUsPerMessage: figure(x / 100) } }),
  ),
  targets: [],
};

const suite = {
  schema: 1,
  date: '2026-01-02T03:04:05.000Z',
  durationSeconds: 512,
  reps: 5,
  isQuick: false,
  machine: { cpu: 'A CPU', cores: 2, memoryGib: 24, kernel: 'Linux 6', node: '20.20.2', opensslNode: '3.0.19' },
  peers: [{ id: 'qt', title: 'Qt', reason: 'there is no /shared' }],
  cases: [result, curve],
  cryptoShares: [],
  othersPercent: 1,
};

test('figures have three digits and a unit', () => {
  const values = [
    [961_234, '/s', '961 k/s'],
    [2_345_678, '/s', '2.35 M/s'],
    [9876.5, '/s', '9,877/s'],
    [1.0449, 'µs', '1.04 µs'],
    [9.996, 'µs', '10.0 µs'],
    [137.2, 'µs', '137 µs'],
    [0.0429, 'µs', '0.043 µs'],
    [23_040, 'B', '22.5 KiB'],
    [99.96, '%', '100 %'],
    [0, '', '0'],
  ];
  const written = evaluate('report/format.mjs', 'return input.map((each) => m.formatValue(...each))', values);
  expect(written).toEqual(values.map(([, , text]) => text));
});

test('the figures of an axis have no zeros behind the point', () => {
  const values = [
    [0, 'µs'],
    [5, 'µs'],
    [2.5, 'µs'],
    [50_000, '/s'],
    [20_480, 'B'],
  ];
  const written = evaluate('report/format.mjs', 'return input.map((each) => m.formatTick(...each))', values);
  expect(written).toEqual(['0', '5 µs', '2.5 µs', '50 k/s', '20 KiB']);
});

test('a row has the median, the spread, the range and the ratio of each metric', () => {
  const [ours] = evaluate<object[]>('report/rows.mjs', 'return m.caseRows(input)', result);
  expect(ours).toEqual({
    name: 'dtls-association',
    isOurs: true,
    cells: [
      { value: '961 k/s', spread: '±20 %', range: '865 k/s to 1.15 M/s', ratio: '3.70×' },
      { value: '1.04 µs', spread: '±20 %', range: '0.936 µs to 1.25 µs', ratio: '0.260×' },
    ],
    note: '',
  });
});

test('the rows name who failed and who was skipped, and why', () => {
  const rows = evaluate<Array<{ note: string }>>('report/rows.mjs', 'return m.caseRows(input)', result);
  expect(rows.map(({ note }) => note)).toEqual([
    '',
    '',
    '1 of 1 runs failed: it crashed',
    'skipped, for Qt is left out',
  ]);
});

test('the targets say what was asked and whether it was reached', () => {
  expect(evaluate('report/rows.mjs', 'return m.targetRows([input])', result)).toEqual([
    {
      case: 'flood-100',
      title: 'One-way flood, 100 bytes',
      what: 'messages per second',
      target: 'at least 3.5× plain C (OpenSSL)',
      ratio: '3.70×',
      verdict: 'met',
      isMet: true,
    },
    {
      case: 'flood-100',
      title: 'One-way flood, 100 bytes',
      what: 'client CPU per message',
      target: 'at most 0.35× Qt',
      ratio: '',
      verdict: 'not measured',
    },
  ]);
});

test('the terminal table has a row for each contestant, and no colours where nobody sees them', () => {
  const body = 'return m.createTerminalReport({ hasColours: false }).caseTable(input)';
  const text = evaluate<string>('report/terminal.mjs', body, result);
  expect(text).toMatch(/dtls-association +│ +961 k\/s +±20 % │ +3\.70× │ +1\.04 µs +±20 % │ +0\.260×/);
  expect(text).toContain('plain C (GnuTLS): 1 of 1 runs failed: it crashed');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours consist of.
  expect(text).not.toMatch(/\x1b/);
});

const html = evaluate<string>('report/html.mjs', 'return m.renderHtml(input)', suite);

test('the page has a chart for each metric, and needs nothing from anywhere', () => {
  expect(html.match(/<svg /g)).toHaveLength(3);
  expect(html).not.toMatch(/<script|<link|<img|@import|url\((?!#)/);
  const addresses = html.match(/https?:\/\/[^"'\s)]+/g) ?? [];
  expect(addresses.filter((address) => !address.startsWith('http://www.w3.org/'))).toEqual([]);
});

test('the page has every colour in a light and a dark variant', () => {
  const used = new Set(html.match(/var\(--[a-z]+\)/g));
  for (const name of used) {
    const declared = `${name.slice(4, -1)}:#`;
    expect(html.split(declared)).toHaveLength(3);
  }
  expect(used.size).toBeGreaterThan(8);
  expect(html).toContain('prefers-color-scheme:dark');
  expect(html).not.toMatch(/#a1000[0-9a-f]/);
});

test('the page escapes texts, and tells failures, gaps and a quick run', () => {
  expect(html).toContain('Sends &lt;fast&gt; &amp; far.');
  expect(html).toContain('it crashed');
  expect(html).toContain('left out: there is no /shared');
  expect(html).not.toContain('A quick run');
  const quick = { ...suite, isQuick: true, othersPercent: 40 };
  const warned = evaluate<string>('report/html.mjs', 'return m.renderHtml(input)', quick);
  expect(warned).toContain('A quick run');
  expect(warned).toContain('Other programs took up to 40.0 % of the machine');
});

test('the Markdown has tables with ratios in brackets, and a picture in place of the table of a curve', () => {
  const { text, pictures } = evaluate<{ text: string; pictures: Array<{ path: string; svg: string }> }>(
    'report/markdown.mjs',
    'return m.renderMarkdown(input)',
    suite,
  );
  expect(text).toContain('| **dtls-association** | 961 k/s (3.70×) | 1.04 µs (0.260×) |');
  expect(text).toContain('plain C (GnuTLS): 1 of 1 runs failed: it crashed.');
  expect(text).not.toContain('Other programs');
  const disturbed = evaluate<{ text: string }>('report/markdown.mjs', 'return m.renderMarkdown(input)', {
    ...suite,
    isQuick: true,
    othersPercent: 40,
  });
  expect(disturbed.text).toContain('- A quick run');
  expect(disturbed.text).toContain('- Other programs took up to 40.0 % of the machine');
  expect(text).toContain('| flood-100 | messages per second | at least 3.5× plain C (OpenSSL) | 3.70× | met |');
  const path = 'charts/curve-size-cpuUsPerMessage.svg';
  expect(text).toContain(`![client CPU per message](${path})`);
  expect(pictures).toEqual([{ path, svg: expect.stringMatching(/^<svg /) }]);
});

test('a chart of its own brings its colours along', () => {
  const [chart] = evaluate<Array<{ name: string; standalone: string }>>(
    'report/charts.mjs',
    'return m.charts(input)',
    curve,
  );
  expect(chart?.name).toBe('curve-size-cpuUsPerMessage');
  expect(chart?.standalone).toMatch(/^<svg [^>]*><style>svg\{.*--ours:#/);
  const tags = chart?.standalone.replace(/<style.*?<\/style>/gs, '').match(/<[^/][^>]*>/g) ?? [];
  expect(tags.filter((tag) => !/^<\w+( [\w:-]+="[^"<]*")* ?\/?>$/.test(tag))).toEqual([]);
});
