// The floods to a receiver that is made for many datagrams; they differ in size only.
import { flood } from '../lib/runs.mjs';

export function mergedFlood(size) {
  const run = (client, server) => () => flood(client, { size, ...server });
  return {
    name: `flood-${size}`,
    title: `One-way flood, ${size} bytes`,
    about:
      'One association sends as fast as it can. The server, in C, lets the kernel hand over in one piece what was sent ' +
      "in one (UDP_GRO) and leaves it encrypted, so that it holds nobody up; Qt's server decrypts, and werift-dtls, " +
      'which has no pre-shared keys, has its own.',
    chart: 'bars',
    reference: 'plain-c',
    metrics: ['messagesPerSecond', 'cpuUsPerMessage', 'deliveredPercent'],
    entries: [
      { contestant: 'ours', with: ['plain-c'], run: run('ours') },
      { contestant: 'ours-dgram', with: ['plain-c'], maxReps: 3, run: run('ours-dgram') },
      { contestant: 'plain-c', run: run('plain-c') },
      { contestant: 'gnutls', with: ['plain-c'], maxReps: 3, run: run('gnutls') },
      // Qt's program ends its flood with a question that only a server that decrypts can answer.
      { contestant: 'qt', with: ['plain-c'], maxReps: 3, run: run('qt', { mode: 'sink' }) },
      { contestant: 'node-dtls-client', with: ['plain-c'], maxReps: 3, run: run('node-dtls-client') },
      { contestant: 'werift-dtls', maxReps: 3, run: run('werift-dtls', { server: 'werift-dtls' }) },
    ],
    targets: [
      { contestant: 'ours', metric: 'messagesPerSecond', against: 'plain-c', atLeast: 3.5 },
      { contestant: 'ours', metric: 'cpuUsPerMessage', against: 'plain-c', atMost: 0.35 },
    ],
  };
}
