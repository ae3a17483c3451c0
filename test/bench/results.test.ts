import { expect, test } from '@jest/globals';
import { evaluate } from './modules';

const definition = {
  name: 'flood-100',
  title: 'Flood',
  about: 'How fast.',
  chart: 'bars',
  reference: 'plain-c',
  metrics: ['messagesPerSecond', 'deliveredPercent'],
  targets: [{ contestant: 'ours', metric: 'messagesPerSecond', against: 'plain-c', atLeast: 3.5 }],
};

const outcome = (contestant: string, rates: number[], rest: object = {}) => ({
  contestant,
  point: '',
  failures: [],
  runs: rates.map((messagesPerSecond) => ({ messagesPerSecond, deliveredPercent: 100 })),
  ...rest,
});

const outcomes = [
  outcome('ours', [800, 900, 1000]),
  outcome('plain-c', [200.123456789, 190, 210]),
  outcome('gnutls', [100], { failures: ['plain C (GnuTLS), client ended with code 1'] }),
  outcome('qt', [], { skipped: 'Qt is left out' }),
];

interface Case {
  series: Array<{ contestant: string; figures: Record<string, unknown>; failures: string[]; skipped?: string }>;
  targets: object[];
}

const summarise = (input: object) =>
  evaluate<Case>('lib/results.mjs', 'return m.summariseCase(input.definition, input.outcomes)', input);
const result = summarise({ definition, outcomes });

test('the result of a case has the shape that bench/README.md describes', () => {
  expect(result).toEqual({
    name: 'flood-100',
    title: 'Flood',
    about: 'How fast.',
    chart: 'bars',
    reference: 'plain-c',
    points: [{ key: '', label: '' }],
    metrics: [
      { key: 'messagesPerSecond', title: 'messages per second', unit: '/s', better: 'higher' },
      { key: 'deliveredPercent', title: 'arrived', unit: '%' },
    ],
    series: expect.any(Array),
    targets: [{ ...definition.targets[0], ratio: 4.49723, isMet: true }],
  });
  expect(result.series[0]).toEqual({
    contestant: 'ours',
    title: 'dtls-association',
    point: '',
    failures: [],
    runs: outcomes[0]?.runs,
    figures: {
      messagesPerSecond: { median: 900, min: 800, max: 1000, count: 3, ratio: 4.49723 },
      deliveredPercent: { median: 100, min: 100, max: 100, count: 3 },
    },
  });
});

test('figures are rounded to six digits', () => {
  expect(result.series[1]?.figures.messagesPerSecond).toEqual({
    median: 200.123,
    min: 190,
    max: 210,
    count: 3,
    ratio: 1,
  });
});

test('a failed run and a skipped contestant stay in the result', () => {
  expect(result.series.map(({ contestant, failures, skipped }) => [contestant, failures.length, skipped])).toEqual([
    ['ours', 0, undefined],
    ['plain-c', 0, undefined],
    ['gnutls', 1, undefined],
    ['qt', 0, 'Qt is left out'],
  ]);
  expect(result.series[3]?.figures).toEqual({});
  expect(evaluate('lib/results.mjs', 'return m.hasFailures(input)', [result])).toBe(true);
});

test('without the reference there are medians and no ratios', () => {
  const alone = summarise({ definition, outcomes: outcomes.slice(0, 1) });
  expect(alone.series[0]?.figures.messagesPerSecond).toEqual({ median: 900, min: 800, max: 1000, count: 3 });
  expect(alone.targets).toEqual(definition.targets);
});

test('each point is compared with the reference at that point', () => {
  const points = ['10', '100'].map((key) => ({ key, label: key, x: Number(key) }));
  const at = (point: string, ours: number, theirs: number) => [
    outcome('ours', [ours], { point }),
    outcome('plain-c', [theirs], { point }),
  ];
  const { series } = summarise({
    definition: { ...definition, points, targets: [] },
    outcomes: [...at('10', 4, 2), ...at('100', 9, 3)],
  });
  const ratios = series.map(({ figures }) => (figures.messagesPerSecond as { ratio: number }).ratio);
  expect(ratios).toEqual([2, 1, 3, 1]);
});

test('the share of cryptography puts the case crypto beside the flood of the same size', () => {
  const figures = (key: string, median: number) => ({ [key]: { median } });
  const cases = [
    {
      name: 'flood-100',
      series: [
        { contestant: 'ours', title: 'dtls-association', figures: figures('cpuUsPerMessage', 1) },
        { contestant: 'qt', title: 'Qt', figures: {} },
      ],
    },
    {
      name: 'crypto',
      series: [
        { point: '100', figures: figures('sealUs', 0.4) },
        { point: '1200', figures: {} },
      ],
    },
  ];
  expect(evaluate('lib/results.mjs', 'return m.cryptoShares(input)', cases)).toEqual([
    { contestant: 'ours', title: 'dtls-association', size: 100, cryptoUs: 0.4, messageUs: 1, share: 0.4 },
  ]);
});
