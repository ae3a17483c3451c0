'use strict';

// A client in a process of its own. What it does its parent says: see ClientProcess in test/support.
const { DtlsAssociation } = require('dtls-association');

/** @type {import('../../../lib').DtlsAssociation} */
let association;

/** @type {Record<string, (...args: any[]) => unknown>} */
const calls = {
  start(options) {
    association = new DtlsAssociation(options);
    for (const event of /** @type {const} */ (['secureConnect', 'disconnect', 'reconnecting'])) {
      association.on(event, () => process.send?.({ event: [event] }));
    }
    association.on('message', (data) => process.send?.({ event: ['message', data.toString()] }));
    association.on('error', (error) => process.send?.({ event: ['failed', /** @type {any} */ (error).code] }));
    association.startHandshake();
  },
  send: (text) => association.send(text),
  status: () => ({ state: association.state, stats: association.stats, handshake: association.handshake }),
};

process.on('message', async ({ id, name, args }) => {
  process.send?.({ id, result: await calls[name](...args) });
});
process.on('disconnect', () => process.exit());
