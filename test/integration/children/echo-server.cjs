'use strict';

// An echo server in a process of its own. What it does its parent says: see ServerProcess in test/support.
const { createServer } = require('dtls-association');

/** @type {import('../../../lib').DtlsServer} */
let server;

/** @type {Record<string, (...args: any[]) => unknown>} */
const calls = {
  async listen(options, listenOptions) {
    server = createServer(options, (peer) => peer.on('message', (data) => peer.send(data)));
    server.on('stray', (...stray) => process.send?.({ stray }));
    await server.listen(listenOptions);
    return server.address().port;
  },
  stats: () => ({ ...server.stats, associations: server.associations.size }),
  inject: (datagram, from) => server.inject(datagram, from),
  setTicketKeys: (keys) => server.setTicketKeys(keys),
  setCookieSecret: (secret) => server.setCookieSecret(secret),
  drain: (options) => server.drain(options),
};

process.on('message', async ({ id, name, args }) => {
  process.send?.({ id, result: await calls[name](...args) });
});
process.on('disconnect', () => process.exit());
