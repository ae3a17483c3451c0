import { handshakes } from '../lib/runs.mjs';

const run = (server) => () => handshakes('plain-c', { server });

export default {
  name: 'server-handshakes',
  title: 'Full handshakes, server, 8 at a time',
  about:
    'The client is in C and the same for every server; where it is the slower side, look at the CPU ' +
    'time. Servers in JavaScript have had 5,000 before, and V8 compiled them.',
  chart: 'bars',
  reference: 'plain-c',
  metrics: ['handshakesPerSecond', 'serverCpuUsPerHandshake'],
  entries: [
    { contestant: 'ours', with: ['plain-c'], run: run('ours') },
    { contestant: 'ours-dgram', with: ['plain-c'], maxReps: 3, run: run('ours-dgram') },
    { contestant: 'plain-c', run: run('plain-c') },
    { contestant: 'qt', with: ['plain-c'], run: run('qt') },
  ],
  targets: [{ contestant: 'ours', metric: 'handshakesPerSecond', against: 'qt', atLeast: 1.5 }],
};
