'use strict';

// An echo server in a process of its own: the first message brings its options and is answered by its port, each later
// one by its state. Needs --expose-gc.
const { once } = require('node:events');
const { setImmediate } = require('node:timers/promises');
const { createServer } = require('dtls-association');

async function main() {
  const [options] = await once(process, 'message');
  const server = createServer(options, (peer) => peer.on('message', (data) => peer.send(data)));
  process.on('message', async () => {
    // Finalizers run in a later turn, and free what the next collection finds.
    for (let i = 0; i < 3; i += 1) {
      /** @type {() => void} */ (global.gc)();
      await setImmediate();
    }
    const { stats, associations } = server;
    const rss = process.memoryUsage.rss();
    process.send?.({ rss, associations: associations.size, stats, totals: server.totals() });
  });
  await server.listen({ port: 0, address: '127.0.0.1' });
  process.send?.(server.address().port);
}

process.on('disconnect', () => process.exit());
main();
