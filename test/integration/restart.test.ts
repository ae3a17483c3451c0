import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import type { ConnectOptions, DtlsAssociation } from '../../lib';
import { open } from '../support/loopback';
import { PortGroup } from '../support/port-group';
import { ServerProcess } from '../support/server-process';

const native = process.platform === 'linux';
if (!native) console.log('A test of SO_REUSEPORT is skipped: how it spreads datagrams is a matter of Linux.');

const CLIENTS = 20;

const options = { ticketKeys: randomBytes(48), cookieSecret: randomBytes(32) };
const reconnect = { initialDelay: 20, maxDelay: 200 };

function openAll(port: number, clientOptions: Partial<ConnectOptions>): Promise<DtlsAssociation[]> {
  return Promise.all(Array.from({ length: CLIENTS }, () => open(port, clientOptions)));
}

/** The text comes back, perhaps among the answers to keep-alives. */
async function echo(association: DtlsAssociation, text: string): Promise<void> {
  const echoed = new Promise<void>((resolve) => {
    association.on('message', function listener(data) {
      if (data.toString() !== text) return;
      association.off('message', listener);
      resolve();
    });
  });
  association.send(text);
  await echoed;
}

/** Each has resumed its session at the server, once. */
async function expectBack(clients: readonly DtlsAssociation[], server: ServerProcess): Promise<void> {
  expect(clients.map((client) => client.isSessionReused())).toEqual(Array(CLIENTS).fill(true));
  await Promise.all(clients.map((client) => echo(client, 'after')));
  const all = { handshakesStarted: CLIENTS, handshakesCompleted: CLIENTS, handshakesResumed: CLIENTS };
  expect(await server.stats()).toMatchObject({ ...all, associations: CLIENTS });
}

test('every client of a killed server is back by one resumption, when another has its port and keys', async () => {
  const { server: killed, port } = await ServerProcess.start(options);
  const keepAlive = { interval: 300, message: 'are you there?', maxUnanswered: 3 };
  const clients = await openAll(port, { keepAlive, reconnect });
  await Promise.all(clients.map((client) => echo(client, 'before')));
  const back = clients.map((client) => once(client, 'secureConnect'));
  await killed.kill();
  const { server } = await ServerProcess.start(options, port);
  await Promise.all(back);
  await expectBack(clients, server);
});

(native ? test : test.skip)('every client of a server that drains resumes at the next one on its port', async () => {
  const group = new PortGroup();
  const [former, next] = [ServerProcess.fork(), ServerProcess.fork()];
  await group.add(former, options);
  const clients = await openAll(group.port, { reconnect, retransmit: { initial: 100 } });
  const busy = await open(group.port, { keepAlive: { interval: 20, message: 'busy' } });
  await group.add(next, options);
  await Promise.all(clients.map((client) => echo(client, 'before')));
  const back = clients.map((client) => once(client, 'secureConnect'));
  const drained = former.drain({ idleFor: 500, deadline: 60_000 });
  await Promise.all(back);
  await expectBack(clients, next);
  // The kernel still leads hellos to the former, too.
  expect(group.moved).toBeGreaterThan(0);
  await echo(busy, 'still here');
  await busy.close();
  await drained;
});
