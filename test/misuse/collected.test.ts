import { describe, expect, test } from '@jest/globals';
import { reported, runScript } from '../support/child';

/**
 * What becomes garbage, each made many times by a function of its own. `watch` says what has to be collected; `keep`
 * holds on to what the user may have kept.
 */
const LIVES: Readonly<Record<string, string>> = {
  'associations that never started': `watch(new DtlsAssociation({ host: '127.0.0.1', port: 1, psk }));`,
  'servers that never listened': `watch(createServer({ psk: { alice: key } }, () => {}));`,
  'contexts that nobody uses': `watch(createSecureContext({ psk }));`,
  'both sides of an association on a network that is dropped with them': `
    const { client, peer, server } = await pair();
    watch(client), watch(peer), watch(server);`,
  'a handshake that nobody answers, when it was closed': `
    const client = new DtlsAssociation({ psk, transport: new Network(real).client() });
    client.startHandshake();
    await client.close();
    watch(client);`,
  'both sides when they were closed, though the server goes on': `
    const { client, peer } = await pair(theServer, theNetwork);
    await client.close();
    await peer.closed;
    watch(client), watch(peer);`,
  'both sides when the server destroyed them': `
    const { client, peer } = await pair(theServer, theNetwork);
    peer.destroy();
    await client.closed;
    await peer.closed;
    watch(client), watch(peer);`,
  'a client whose message and session were kept': `
    const { client, peer } = await pair(theServer, theNetwork);
    const message = once(client, 'message');
    peer.send('keep me');
    keep((await message)[0], client.getSession(), client.getCipher(), client.handshake, client.stats);
    await client.close();
    watch(client);`,
  'a client whose signal lives on': `
    const { client } = await pair(theServer, theNetwork, { signal: theSignal });
    await client.close();
    watch(client);`,
  'a client whose resolver never answers, and is kept': `
    const lookup = (host, options, callback) => keep(callback);
    const client = new DtlsAssociation({ host: 'dtls.example', port: 1, psk, lookup });
    client.startHandshake();
    await client.close();
    watch(client);`,
  'a client whose pskCallback never answers': `
    const pskCallback = () => new Promise(() => {});
    const client = new DtlsAssociation({ pskCallback, transport: theNetwork.client() });
    client.startHandshake();
    await new Promise(setImmediate);
    await client.close();
    watch(client);`,
  'a client that was kept alive, and came back': `
    const { client } = await pair(theServer, theNetwork, { keepAlive: 1 });
    await client.close();
    watch(client);`,
  'a client whose reader never came to its end': `
    const { client } = await pair(theServer, theNetwork);
    const reader = client[Symbol.asyncIterator]();
    reader.next().catch(() => {});
    await client.close();
    keep(reader);
    watch(client);`,
  'a client on an endpoint that goes on': `
    const client = await connect({ host: '127.0.0.1', port: onSocket.address().port, psk, endpoint: theEndpoint });
    await client.close();
    watch(client);`,
  'a client on a socket of its own': `
    const client = await connect({ host: '127.0.0.1', port: onSocket.address().port, psk });
    await client.close();
    watch(client);`,
  'an endpoint that was closed': `
    const endpoint = await createEndpoint({ localAddress: '127.0.0.1' });
    await endpoint.close();
    watch(endpoint);`,
  'a capture that was closed': `
    const capture = new PacketCapture('/dev/null');
    const { client } = await pair(theServer, theNetwork);
    await client.close();
    await capture.close();
    watch(capture);`,
};

const harness = `
  const { createSecureContext, PacketCapture } = require('dtls-association');
  const { Network } = require('dtls-association/testing');
  const real = { virtualTime: false };
  let alive = 0;
  const registry = new FinalizationRegistry(() => alive--);
  const watch = (object) => { alive++; registry.register(object); };
  const kept = [];
  const keep = (...values) => { kept.push(...values); };
  const listen = async (network) => createServer({ psk: { alice: key } }).listen({ transport: network.server });
  async function pair(server, network = new Network(real), options = {}) {
    server ??= await listen(network);
    const accepted = once(server, 'secureConnection');
    const client = await connect({ psk, transport: network.client(), ...options });
    return { client, peer: (await accepted)[0], server };
  }
  const theSignal = new AbortController().signal;
  const theNetwork = new Network(real);
  const theServer = await listen(theNetwork);
  const onSocket = await echo();
  const theEndpoint = await createEndpoint({ localAddress: '127.0.0.1' });`;

describe('are collected, whoever lives on:', () => {
  test.each(Object.keys(LIVES))('%s', async (life) => {
    const outcome = await runScript(
      `${harness}
      const live = async () => {${LIVES[life]}};
      for (let i = 0; i < 20; i++) await live();
      // Finalizers run in turns of the event loop after a collection.
      for (let turn = 0; turn < 50 && alive > 0; turn++) {
        gc();
        await new Promise(setImmediate);
      }
      report(alive);
      process.exit();`,
      ['--expose-gc'],
    );
    expect(reported(outcome)).toEqual([0]);
  });
});
