// dtls-association as a server: echo or sink, in this thread or, with --workers N, in N workers that share the port.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { commandLine, memory, printLine } from './common.mjs';
import { serve } from './ours-serve.mjs';

const WORKER = new URL('./ours-worker.mjs', import.meta.url);

const { mode = 'echo', port, udp, workers = 0, 'receive-buffer': recvBufferSize } = commandLine();
const server = workers > 0 ? await serveInWorkers() : await serve({ mode, port, udp, recvBufferSize });

async function serveInWorkers() {
  const threads = [];
  let shared = port;
  for (let i = 0; i < workers; i++) {
    const thread = new Worker(WORKER, { workerData: { mode, udp, port: shared } });
    [shared] = await once(thread, 'message');
    threads.push(thread);
  }
  const ask = (question) =>
    Promise.all(
      threads.map(async (thread) => {
        thread.postMessage(question);
        return (await once(thread, 'message'))[0];
      }),
    );
  return {
    port: shared,
    async counters() {
      const parts = await ask('counters');
      const sum = (name) => parts.reduce((total, part) => total + part[name], 0);
      return Object.fromEntries(Object.keys(parts[0]).map((name) => [name, sum(name)]));
    },
    close: () => ask('close'),
  };
}

async function report() {
  const { user, system } = process.cpuUsage();
  printLine({
    ...(await server.counters()),
    cpuSeconds: (user + system) / 1e6,
    maxRssKb: process.resourceUsage().maxRSS,
    ...memory(),
  });
}

process.on('SIGUSR1', report);
process.once('SIGTERM', async () => {
  await report();
  await server.close();
});
process.stdout.write(`READY ${server.port}\n`);
