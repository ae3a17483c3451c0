import { echo } from '../lib/runs.mjs';

const run =
  (client) =>
  ({ server }) =>
    echo(client, { window: 64, server });

const target = { contestant: 'ours', against: 'plain-c' };

export default {
  name: 'echo-64',
  title: 'Echo, 64 in flight, 100 bytes',
  about:
    'One association keeps 64 messages on their way to an echo server and back. A server in C sends its answers one by ' +
    'one, so that they seldom come in batches; one of this library sends them as it gets them, many at a time.',
  chart: 'bars',
  reference: 'plain-c',
  points: [
    { key: 'c', label: 'server in C', server: 'plain-c' },
    { key: 'ours', label: 'server of this library', server: 'ours' },
  ],
  metrics: ['messagesPerSecond', 'cpuUsPerMessage', 'lost'],
  entries: [
    { contestant: 'ours', with: ['plain-c'], run: run('ours') },
    { contestant: 'ours-dgram', with: ['plain-c'], maxReps: 3, run: run('ours-dgram') },
    { contestant: 'plain-c', run: run('plain-c') },
    { contestant: 'gnutls', with: ['plain-c'], maxReps: 3, run: run('gnutls') },
    { contestant: 'qt', with: ['plain-c'], maxReps: 3, run: run('qt') },
  ],
  targets: ['c', 'ours'].flatMap((point) => [
    { ...target, point, metric: 'cpuUsPerMessage', atMost: 0.85 },
    { ...target, point, metric: 'messagesPerSecond', atLeast: 1 },
  ]),
};
