'use strict';

// Makes sessions, listeners and contexts, drops them in every state of their life, and waits until all are collected.
// Needs --expose-gc.
const { setImmediate } = require('node:timers/promises');
const binding = require('./addon.cjs');
const { IDENTITY, KEY, Pair, createContext } = require('./pair.cjs');

let alive = 0;
const registry = new FinalizationRegistry(() => {
  alive -= 1;
});

/** @param {object} object */
function watch(object) {
  alive += 1;
  registry.register(object, undefined);
  return object;
}

/** @type {Record<string, () => void>} */
const lives = {
  'a context alone'() {
    watch(createContext());
  },
  'a session that never started'() {
    watch(new Pair().client);
  },
  'a pair in its handshake'() {
    const pair = new Pair({ server: { pskTable: [] } });
    pair.client.start();
    watch(pair.client);
    watch(pair.listener);
  },
  'an established pair'() {
    const pair = new Pair().handshake();
    watch(pair.client);
    watch(pair.listener);
    watch(pair.accepted);
  },
  'a destroyed pair'() {
    const pair = new Pair().handshake();
    pair.destroy();
    watch(pair.client);
    watch(pair.listener);
    watch(pair.accepted);
  },
  'a session with keys of its own'() {
    const pair = new Pair({ client: { psk: undefined }, server: { pskTable: [] } });
    pair.client.setPsk(IDENTITY, KEY);
    pair.onServer = (session) => session.setPsk(IDENTITY, KEY);
    pair.handshake();
    watch(pair.client);
    watch(pair.accepted);
  },
  'a trust store that a context uses, and a context that a session took'() {
    const trust = new binding.TrustStore([], []);
    const pair = new Pair();
    pair.onServer = (session) => session.useContext(pair.clientContext, Buffer.alloc(0), false);
    pair.clientContext.setTrust(trust, true);
    pair.handshake();
    watch(trust);
    watch(pair.clientContext);
    watch(pair.accepted);
  },
  'a failed pair'() {
    const pair = new Pair({ server: { pskTable: [] } }).handshake();
    watch(pair.client);
    watch(pair.accepted);
  },
};

async function main() {
  for (const [name, live] of Object.entries(lives)) {
    for (let i = 0; i < 20; i += 1) live();
    // Finalizers run in turns of the event loop after a collection.
    for (let turn = 0; turn < 50 && alive > 0; turn += 1) {
      /** @type {() => void} */ (global.gc)();
      await setImmediate();
    }
    if (alive > 0) throw new Error(`${alive} objects live on: ${name}`);
  }
  console.log('all collected');
}

main();
