import { echo } from '../lib/runs.mjs';

const run = (client) => () => echo(client, { window: 1 });

export default {
  name: 'ping-pong',
  title: 'Ping-pong, 1 in flight, 100 bytes',
  about: 'One association sends a message to an echo server in C, waits for the answer, and sends the next one.',
  chart: 'bars',
  reference: 'plain-c',
  metrics: ['p50Us', 'p99Us', 'cpuUsPerMessage', 'lost'],
  entries: [
    { contestant: 'ours', with: ['plain-c'], run: run('ours') },
    { contestant: 'ours-dgram', with: ['plain-c'], maxReps: 3, run: run('ours-dgram') },
    { contestant: 'plain-c', run: run('plain-c') },
    { contestant: 'gnutls', with: ['plain-c'], maxReps: 3, run: run('gnutls') },
    { contestant: 'qt', with: ['plain-c'], maxReps: 3, run: run('qt') },
  ],
  targets: [
    { contestant: 'ours', metric: 'p50Us', against: 'plain-c', atMost: 1.15 },
    { contestant: 'ours', metric: 'cpuUsPerMessage', against: 'plain-c', atMost: 1.15 },
  ],
};
