import { handshakes } from '../lib/runs.mjs';

const run = (client) => () => handshakes(client, {});

export default {
  name: 'handshakes',
  title: 'Full handshakes, client, 8 at a time',
  about:
    'A new socket and a new association each, cookie exchange included, ended by close_notify. The server is in C. ' +
    'Associations share one secure context. JavaScript has made 5,000 before, and V8 compiled it. The addon alone is what ' +
    'is left without the library: a ceiling, and no DTLS client.',
  chart: 'bars',
  reference: 'plain-c',
  metrics: ['handshakesPerCpuSecond', 'handshakesPerSecond', 'coldCpuUsPerHandshake'],
  entries: [
    { contestant: 'ours', with: ['plain-c'], run: run('ours') },
    { contestant: 'ours-dgram', with: ['plain-c'], maxReps: 3, run: run('ours-dgram') },
    { contestant: 'addon', with: ['plain-c'], maxReps: 3, run: run('addon') },
    { contestant: 'plain-c', run: run('plain-c') },
    { contestant: 'gnutls', with: ['plain-c'], maxReps: 3, run: run('gnutls') },
    { contestant: 'qt', with: ['plain-c'], run: run('qt') },
  ],
  targets: [
    { contestant: 'ours', metric: 'handshakesPerCpuSecond', against: 'plain-c', atLeast: 1 },
    { contestant: 'ours', metric: 'handshakesPerCpuSecond', against: 'qt', atLeast: 2 },
  ],
};
