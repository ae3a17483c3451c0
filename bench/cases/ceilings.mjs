import { echo, flood } from '../lib/runs.mjs';

const udp = { server: 'udp-server' };
const run =
  (client) =>
  ({ size, window }) =>
    window === undefined
      ? flood(client, { ...udp, size, mode: 'discard-merged' })
      : echo(client, { ...udp, size, window });

export default {
  name: 'ceilings',
  title: 'Ceilings: plain UDP without TLS',
  about: 'The same loads without any cryptography, against a server in C that has none either.',
  chart: 'bars',
  points: [
    { key: 'flood-100', label: 'flood, 100 B', size: 100 },
    { key: 'flood-1200', label: 'flood, 1200 B', size: 1200 },
    { key: 'echo-64', label: 'echo, 64 in flight', size: 100, window: 64 },
    { key: 'ping-pong', label: 'ping-pong', size: 100, window: 1 },
  ],
  metrics: ['messagesPerSecond', 'cpuUsPerMessage', 'p50Us'],
  entries: [
    { contestant: 'udp-native', with: ['udp-server'], maxReps: 3, run: run('udp-native') },
    { contestant: 'udp-dgram', with: ['udp-server'], maxReps: 3, run: run('udp-dgram') },
  ],
};
