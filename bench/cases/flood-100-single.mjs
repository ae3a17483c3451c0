import { flood } from '../lib/runs.mjs';

const run = (client) => () => flood(client, { size: 100, mode: 'discard' });

export default {
  name: 'flood-100-single',
  title: 'One-way flood, 100 bytes, to a receiver without UDP_GRO',
  about:
    'The same flood to a server that takes datagrams one by one. On loopback the kernel cuts a batch apart for such a ' +
    'receiver in the time of the sender; over a network it would be the work of the network card.',
  chart: 'bars',
  reference: 'plain-c',
  metrics: ['messagesPerSecond', 'cpuUsPerMessage', 'deliveredPercent'],
  entries: [
    { contestant: 'ours', with: ['plain-c'], maxReps: 3, run: run('ours') },
    { contestant: 'plain-c', maxReps: 3, run: run('plain-c') },
  ],
};
