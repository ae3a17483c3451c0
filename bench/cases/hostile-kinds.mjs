import { hostile } from '../lib/runs.mjs';

const KINDS = {
  hello: 'ClientHello',
  'wrong-cookie': 'ClientHello, wrong cookie',
  garbage: 'garbage',
  truncated: 'truncated record',
  'other-epoch': 'other epoch',
  stray: 'ciphertext of nobody',
  moved: 'as if from another port of a device',
  replayed: 'replay in the name of a device',
  forged: 'forgery in the name of a device',
  'spoofed-hello': 'ClientHello in the name of a device',
};

const run =
  (server) =>
  ({ key }) =>
    hostile(server, {
      count: 30_000,
      kind: key,
      rate: 60_000,
      associations: 30,
      messagesPerSecond: 200,
      quietSeconds: 0.3,
    });

export default {
  name: 'hostile-kinds',
  title: 'Hostile datagrams by kind',
  about:
    'What the server takes to deal with one of each kind, 60,000 of them a second. A ClientHello costs a MAC and an ' +
    'answer; nothing else is answered.',
  chart: 'bars',
  reference: 'plain-c',
  points: Object.entries(KINDS).map(([key, label]) => ({ key, label })),
  metrics: ['serverCpuUsPerHostile', 'kernelDrops'],
  entries: [
    { contestant: 'ours', with: ['plain-c'], maxReps: 1, run: run('ours') },
    { contestant: 'plain-c', maxReps: 1, run: run('plain-c') },
  ],
};
