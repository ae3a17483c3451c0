import { hostile } from '../lib/runs.mjs';

const DATAGRAMS = 1_000_000;
const run =
  (server) =>
  ({ rate }) =>
    hostile(server, {
      count: DATAGRAMS,
      kind: 'mixed',
      rate,
      associations: 300,
      messagesPerSecond: 5000,
      newcomers: 20,
    });

export default {
  name: 'hostile',
  title: 'A million hostile datagrams',
  about:
    'ClientHellos without a cookie and with a wrong one, garbage, truncated records, records of other epochs, ciphertext ' +
    'of nobody, and replays, forgeries and hellos in the name of live associations, from all over 127.0.0.0/8. ' +
    'Meanwhile 300 associations exchange 5,000 messages a second, and 20 new clients a second connect.',
  chart: 'bars',
  reference: 'plain-c',
  points: [
    { key: 'paced', label: '60,000 a second', rate: 60_000 },
    { key: 'overload', label: '200,000 a second', rate: 200_000 },
  ],
  metrics: [
    'hostilePerSecond',
    'remainingPercent',
    'kernelDrops',
    'lost',
    'uncounted',
    'serverRssGrowthBytes',
    'connectedPercent',
    'connectP50Us',
  ],
  entries: [
    { contestant: 'ours', with: ['plain-c'], maxReps: 1, run: run('ours') },
    { contestant: 'plain-c', maxReps: 1, run: run('plain-c') },
  ],
};
