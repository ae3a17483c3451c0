import { echo } from '../lib/runs.mjs';

const run =
  (server) =>
  ({ associations }) =>
    echo('crowd', { server, associations, window: 256 });

export default {
  name: 'server-echo',
  title: 'Echo server, 256 in flight, 100 bytes',
  about:
    'With 10 and with 10,000 open associations, over all of which the messages walk. The load is the same for every ' +
    'server: devices in C, each with an address of its own, that share one socket and its batches, so that no server ' +
    'waits for them. Each server gets the datagrams as it asks the kernel for them: one by one, or merged (UDP_GRO).',
  chart: 'bars',
  reference: 'plain-c',
  points: [
    { key: '10', label: '10 associations', associations: 10 },
    { key: '10000', label: '10,000 associations', associations: 10_000, isLong: true },
  ],
  metrics: ['messagesPerSecond', 'serverCpuUsPerMessage', 'serverRssBytes', 'cpuUsPerMessage', 'lost'],
  entries: [
    { contestant: 'ours', with: ['plain-c'], run: run('ours') },
    { contestant: 'plain-c', run: run('plain-c') },
    { contestant: 'qt', with: ['plain-c'], run: run('qt') },
  ],
  targets: [
    { contestant: 'ours', metric: 'messagesPerSecond', point: '10', against: 'qt', atLeast: 1.5 },
    { contestant: 'ours', metric: 'messagesPerSecond', point: '10000', against: 'qt', atLeast: 1.5 },
    {
      contestant: 'ours',
      metric: 'messagesPerSecond',
      point: '10000',
      against: 'ours',
      againstPoint: '10',
      atLeast: 0.9,
    },
  ],
};
