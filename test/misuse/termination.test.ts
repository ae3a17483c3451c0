import { describe, expect, test } from '@jest/globals';
import { reported, runScript } from '../support/child';

/** What a worker does until it is terminated; `ready` says that it is in the midst of it. */
const PHASES: Readonly<Record<string, string>> = {
  'between two associations, again and again': `
    ready();
    for (;;) await (await connect(to)).close();`,
  'in handshakes that nobody answers': `
    for (let i = 0; i < 20; i++) connect({ ...to, port: silentPort }).catch(() => {});
    setImmediate(ready);`,
  'while a resolver does not answer': `
    connect({ ...to, host: 'dtls.example', lookup: ready });`,
  'while pskCallback does not answer': `
    connect({ ...to, psk: undefined, pskCallback: () => new Promise(ready) });`,
  'within pskCallback': `
    connect({ ...to, psk: undefined, pskCallback: spin });`,
  'within a listener of message': `
    const association = await connect(to);
    association.on('message', spin);
    association.send('ping');`,
  'within a listener of secureConnect': `
    new DtlsAssociation(to).on('secureConnect', spin).startHandshake();`,
  'within a listener of close': `
    const association = await connect(to);
    association.on('close', spin).close();`,
  'while it floods its peer': `
    const association = await connect(to);
    ready();
    for (;;) association.send(Buffer.alloc(1000));`,
  'with associations that are kept alive': `
    for (let i = 0; i < 10; i++) await connect({ ...to, keepAlive: 1 });
    ready();`,
  'with a client that comes back again and again': `
    const server = createServer({ psk: { alice: key } }, (peer) => peer.close());
    await server.listen({ port: 0, address: '127.0.0.1' });
    const { port } = server.address();
    const association = await connect({ ...to, port, reconnect: { initialDelay: 1, maxDelay: 1 } });
    association.once('reconnecting', ready);`,
  'with an endpoint that many share': `
    const endpoint = await createEndpoint({ localAddress: '127.0.0.1' });
    await connect({ ...to, endpoint });
    ready();`,
  'with a server under load': `
    const server = createServer({ psk: { alice: key } }, (peer) => peer.on('message', (data) => peer.send(data)));
    await server.listen({ port: 0, address: '127.0.0.1' });
    const { port } = server.address();
    let replies = 0;
    for (let i = 0; i < 10; i++) {
      const association = await connect({ ...to, port });
      association.on('message', (data) => {
        association.send(data);
        if (++replies === 100) ready();
      });
      association.send('to and fro');
    }`,
  'within pskCallback of a server': `
    const server = createServer({ pskCallback: spin });
    await server.listen({ port: 0, address: '127.0.0.1' });
    connect({ ...to, port: server.address().port });`,
  'with a server that drains': `
    const server = createServer({ psk: { alice: key } });
    await server.listen({ port: 0, address: '127.0.0.1' });
    await connect({ ...to, port: server.address().port });
    server.drain({ idleFor: 60_000 });
    ready();`,
  'with a capture that is being written': `
    const capture = new PacketCapture('/dev/null');
    const association = await connect({ ...to, capture });
    setInterval(() => association.send('recorded'), 0);
    association.once('message', ready);`,
};

/** Where work is interrupted is a matter of chance. */
const ROUNDS = 3;

const inWorker = (phase: string): string => `
  const { connect, createEndpoint, createServer, DtlsAssociation, PacketCapture } = require(process.cwd());
  const { parentPort, workerData: { port, silentPort } } = require('node:worker_threads');
  const key = Buffer.from('1a2b3c4d5e6f', 'hex');
  const to = { host: '127.0.0.1', port, psk: { identity: 'alice', key } };
  const ready = () => parentPort.postMessage('ready');
  const spin = () => { ready(); for (;;); };
  parentPort.ref();
  (async () => {${phase}})();`;

// On native sockets: Node's own may end the process when its worker is terminated while they receive (UDPWrap::OnRecv).
describe('a process whose worker is terminated lives on, when that comes', () => {
  test.each(Object.keys(PHASES))('%s', async (phase) => {
    const code = JSON.stringify(inWorker(PHASES[phase] as string));
    const outcome = await runScript(`
      const { Worker } = require('node:worker_threads');
      const silent = require('node:dgram').createSocket('udp4').bind(0, '127.0.0.1');
      await once(silent, 'listening');
      const server = await echo();
      const workerData = { port: server.address().port, silentPort: silent.address().port };
      for (let round = 0; round < ${ROUNDS}; round++) {
        const worker = new Worker(${code}, { eval: true, workerData });
        await once(worker, 'message');
        report(await worker.terminate());
      }
      const association = await open(server);
      association.send('after all');
      report((await once(association, 'message')).toString());
      await server.close();
      silent.close();`);
    expect(reported(outcome)).toEqual([...Array(ROUNDS).fill(1), 'after all']);
    expect(outcome.code).toBe(0);
  });
});
