import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import type { DtlsAssociation } from '../../lib';
import { open } from '../support/loopback';
import { PeerProcess, type PeerServer } from '../support/peers/process';

/** An echo server in a process of its own, with fixed keys; it prints whether a session is resumed. */
function server(port: number): Promise<PeerServer> {
  const script = `
    const { createServer } = require('dtls-association');
    const server = createServer({ psk: { alice: Buffer.from('1a2b3c4d5e6f', 'hex') }, ticketKeys: Buffer.alloc(48, 7) });
    server.on('secureConnection', (peer) => {
      console.log('resumed', peer.isSessionReused());
      peer.on('message', (data) => peer.send(data));
    });
    server.listen({ port: ${port}, address: '127.0.0.1' }).then(() => console.log('port', server.address().port));`;
  return PeerProcess.serve(process.execPath, ['-e', script], /^port (\d+)$/m);
}

/** Answered by any echo: the echo of what is asked must not be taken for another's. */
function echoed(association: DtlsAssociation): Promise<boolean> {
  return new Promise((resolve) => {
    association.once('message', () => resolve(true));
    association.send('are you there?');
  });
}

test('a server process that is killed and started again has its client back by one resumption', async () => {
  await using first = await server(0);
  const client = await open(first.port, {
    keepAlive: { interval: 500, probe: echoed, maxUnanswered: 2 },
    reconnect: { initialDelay: 50, maxDelay: 200, queue: 1 },
  });
  const port = client.remote.port;
  await first.says(/^resumed false$/m);
  const lost = once(client, 'disconnect');
  await first.stop('SIGKILL');
  expect(await lost).toMatchObject([{ reason: 'error', error: { code: 'ERR_DTLS_PEER_DEAD' } }]);
  client.send('kept meanwhile');
  const kept = once(client, 'message');
  const back = once(client, 'secureConnect');
  await using second = await server(port);
  await back;
  expect(client.isSessionReused()).toBe(true);
  expect(await kept).toEqual([Buffer.from('kept meanwhile')]);
  await second.says(/^resumed true$/m);
  expect(second.output).not.toContain('resumed false');
  expect(client.stats.reconnects).toBe(1);
  await client.close();
});
