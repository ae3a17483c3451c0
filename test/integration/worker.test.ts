import { describe, expect, test } from '@jest/globals';
import { reported, runScript } from '../support/child';

/** Code for a worker of the script: the package by its place, for eval has no name to find it by. */
const inWorker = (body: string): string => `
  const { Worker } = require('node:worker_threads');
  const worker = new Worker(${JSON.stringify(`
    const { connect, createServer } = require(process.cwd());
    const { parentPort, workerData } = require('node:worker_threads');
    const { once } = require('node:events');
    const key = Buffer.from('1a2b3c4d5e6f', 'hex');
    const psk = { identity: 'alice', key };
    (async () => {${body}})();`)}, { eval: true, workerData: { port: process.port } });
  // Its last message and its exit may come in one go.
  const exited = once(worker, 'exit');`;

const client = `
  const association = await connect({ host: '127.0.0.1', port: workerData.port, psk });
  association.send('from the worker');
  parentPort.postMessage((await once(association, 'message')).toString());`;

describe('in a worker thread', () => {
  test('a client talks to a server of the main thread', async () => {
    const outcome = await runScript(`
      const server = await echo();
      process.port = server.address().port;
      ${inWorker(`${client} await association.close();`)}
      report((await once(worker, 'message'))[0]);
      report((await exited)[0]);
      await server.close();`);
    expect(reported(outcome)).toEqual(['from the worker', 0]);
    expect(outcome.code).toBe(0);
  });

  test('a server serves a client of the main thread', async () => {
    const outcome = await runScript(`
      ${inWorker(`
        const server = createServer({ psk: { alice: key } }, (peer) => peer.on('message', (data) => peer.send(data)));
        await server.listen({ port: 0, address: '127.0.0.1' });
        parentPort.postMessage(server.address().port);
        await once(parentPort, 'message');
        await server.close();
        parentPort.close();`)}
      const [port] = await once(worker, 'message');
      const association = await connect({ host: '127.0.0.1', port, psk });
      association.send('to the worker');
      report((await once(association, 'message')).toString());
      worker.postMessage('enough');
      report((await association.closed).reason);
      report((await exited)[0]);`);
    expect(reported(outcome)).toEqual(['to the worker', 'peer', 0]);
    expect(outcome.code).toBe(0);
  });

  test('an association dies with its worker, and the main thread goes on', async () => {
    const outcome = await runScript(`
      const server = await echo();
      process.port = server.address().port;
      ${inWorker(client)}
      report((await once(worker, 'message'))[0]);
      await worker.terminate();
      const association = await open(server);
      association.send('still here');
      report((await once(association, 'message')).toString());
      await association.close();
      await server.close();`);
    expect(reported(outcome)).toEqual(['from the worker', 'still here']);
    expect(outcome.code).toBe(0);
  });

  test('several workers use the addon at once', async () => {
    const outcome = await runScript(`
      const server = await echo();
      process.port = server.address().port;
      const talk = async () => {
        ${inWorker(`${client} await association.close();`)}
        const [text] = await once(worker, 'message');
        await exited;
        return text;
      };
      report(await Promise.all([talk(), talk(), talk(), talk()]));
      await server.close();`);
    expect(reported(outcome)).toEqual([Array(4).fill('from the worker')]);
    expect(outcome.code).toBe(0);
  });
});
