import { flood } from '../lib/runs.mjs';

const sizes = [16, 64, 256, 512, 1024, 1200];
const run =
  (client) =>
  ({ size }) =>
    flood(client, { size });

export default {
  name: 'curve-size',
  title: 'Cost per message by size',
  about: 'One-way flood of one association, as in the cases of that name.',
  chart: 'curve',
  reference: 'plain-c',
  axis: { title: 'bytes in a message' },
  points: sizes.map((size) => ({ key: String(size), label: `${size} B`, x: size, size })),
  metrics: ['cpuUsPerMessage', 'messagesPerSecond'],
  entries: [
    { contestant: 'ours', with: ['plain-c'], maxReps: 3, run: run('ours') },
    { contestant: 'plain-c', maxReps: 3, run: run('plain-c') },
  ],
};
