import { opensslSpeed } from '../lib/runs.mjs';

export default {
  name: 'crypto',
  title: 'AES-128-GCM alone',
  about:
    'What openssl speed takes to seal one message, with the 13 bytes that a record authenticates besides, and no record.',
  chart: 'bars',
  points: [
    { key: '100', label: '100 B', size: 100 },
    { key: '1200', label: '1200 B', size: 1200 },
  ],
  metrics: ['sealUs'],
  entries: [{ contestant: 'openssl-speed', maxReps: 3, run: ({ size }) => opensslSpeed({ size }) }],
};
