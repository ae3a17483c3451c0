import { echo } from '../lib/runs.mjs';

const run = (server) => () => echo('plain-c', { server, associations: 64, window: 256 });

export default {
  name: 'workers',
  title: 'Echo server in two workers',
  about:
    'Two worker_threads on one port (SO_REUSEPORT) against one thread: 64 associations, 256 messages of 100 bytes in ' +
    'flight. The client, in C, takes a core of its own.',
  chart: 'bars',
  reference: 'ours',
  metrics: ['messagesPerSecond', 'serverCpuUsPerMessage', 'lost'],
  entries: [
    { contestant: 'ours', with: ['plain-c'], run: run('ours') },
    { contestant: 'ours-2-workers', with: ['plain-c'], run: run('ours-2-workers') },
    { contestant: 'plain-c', run: run('plain-c') },
  ],
};
