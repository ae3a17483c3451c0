// One of several workers of ours-server.mjs. The kernel spreads the clients over their sockets.
import { parentPort, workerData } from 'node:worker_threads';
import { serve } from './ours-serve.mjs';

const server = await serve({ ...workerData, reusePort: true });
parentPort.on('message', async (question) => {
  if (question === 'counters') {
    parentPort.postMessage(server.counters());
    return;
  }
  await server.close();
  parentPort.postMessage('closed');
  parentPort.close();
});
parentPort.postMessage(server.port);
