import { hold } from '../lib/runs.mjs';

const run = (contestant) => () => hold(contestant, { associations: 10_000 });

export default {
  name: 'memory',
  title: 'Memory of an idle association',
  about:
    '10,000 open associations that do nothing, client and server of the same make. Resident memory is what the process ' +
    'grew by. Heap is what malloc gave out in C, touched or not, and in Node what V8 counts as its own after garbage ' +
    'collection, without what OpenSSL holds; so the two are not compared.',
  chart: 'bars',
  reference: 'plain-c',
  metrics: ['clientRssBytes', 'clientHeapBytes', 'serverRssBytes', 'serverHeapBytes'],
  entries: [
    { contestant: 'ours', maxReps: 3, run: run('ours') },
    { contestant: 'plain-c', maxReps: 3, run: run('plain-c') },
  ],
  targets: [
    { contestant: 'ours', metric: 'clientRssBytes', against: 'plain-c', atMost: 1.1 },
    { contestant: 'ours', metric: 'serverRssBytes', against: 'plain-c', atMost: 1.1 },
  ],
};
