// One port, several worker threads: node examples/workers.mjs [PORT] [WORKERS]
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { BroadcastChannel, isMainThread, parentPort, threadId, Worker, workerData } from 'node:worker_threads';
import { createServer } from 'dtls-association';

if (isMainThread) {
  let port = Number(process.argv[2] ?? 5684);
  const workers = Number(process.argv[3] ?? availableParallelism());
  // The same for all: a client may return its cookie to another worker than gave it.
  const cookieSecret = randomBytes(32);
  for (let i = 0; i < workers; i++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { port, cookieSecret } });
    [port] = await once(worker, 'message');
  }
  console.log(`listening on port ${port} with ${workers} workers`);
} else {
  const psk = { alice: Buffer.from('00112233445566778899aabbccddeeff', 'hex') };
  const server = createServer({ psk, cookieSecret: workerData.cookieSecret }, (association) => {
    association.on('message', (data) => association.send(`worker ${threadId} says ${data}`));
  });
  await server.listen({ address: '127.0.0.1', port: workerData.port, reusePort: true });
  // The kernel chooses the worker by the client's address, and chooses anew when a worker comes or goes: then a datagram
  // meets a worker that knows nothing of its association, and the one that does must get it.
  const strays = new BroadcastChannel('strays');
  strays.onmessage = ({ data: { datagram, from } }) => server.inject(datagram, from);
  server.on('stray', (datagram, from) => strays.postMessage({ datagram, from }));
  parentPort?.postMessage(server.address().port);
}
