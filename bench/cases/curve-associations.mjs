import { echo } from '../lib/runs.mjs';

const counts = [1, 10, 100, 1000, 10_000];
const asClient =
  (client) =>
  ({ associations }) =>
    echo(client, { associations });
// The server's cost is measured with the client in C, so that nothing but the server differs.
const asBoth =
  ({ associations }) =>
  async (bench) => {
    const client = await echo('ours', { associations })(bench);
    const server = await echo('plain-c', { server: 'ours', associations })(bench);
    return { ...client, serverCpuUsPerMessage: server.serverCpuUsPerMessage };
  };

export default {
  name: 'curve-associations',
  title: 'Cost per message by number of associations',
  about: 'Echo of 100 bytes, 64 in flight over all associations. The other side is always in C.',
  chart: 'curve',
  reference: 'plain-c',
  axis: { title: 'associations', isLogarithmic: true },
  points: counts.map((count) => ({
    key: String(count),
    label: count.toLocaleString('en'),
    x: count,
    associations: count,
    isLong: count > 1000,
  })),
  metrics: ['cpuUsPerMessage', 'serverCpuUsPerMessage'],
  entries: [
    { contestant: 'ours', with: ['plain-c'], maxReps: 2, run: asBoth },
    { contestant: 'plain-c', maxReps: 2, run: asClient('plain-c') },
  ],
};
