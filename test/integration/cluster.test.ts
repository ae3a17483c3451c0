import cluster from 'node:cluster';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { DtlsAssociation } from '../../lib';
import { ask, open } from '../support/loopback';
import { closeLater } from '../support/pair';
import { Relay } from '../support/peers/relay';
import { PortGroup } from '../support/port-group';
import { ECHO_SERVER, ServerProcess } from '../support/server-process';

const native = process.platform === 'linux';
if (!native) console.log('The tests of node:cluster are skipped: how SO_REUSEPORT spreads peers is a matter of Linux.');

/** So many that one round moves some of them all but certainly; if not, there is another. */
const CLIENTS_PER_ROUND = 16;

const options = { cookieSecret: Buffer.alloc(32, 7), ticketKeys: Buffer.alloc(48, 8) };

async function addWorker(group: PortGroup): Promise<ServerProcess> {
  const worker = new ServerProcess(cluster.fork().process);
  await group.add(worker, options);
  return worker;
}

function join(port: number): Promise<DtlsAssociation[]> {
  return Promise.all(Array.from({ length: CLIENTS_PER_ROUND }, () => open(port)));
}

async function echoes(clients: readonly DtlsAssociation[]): Promise<void> {
  const texts = clients.map((_, i) => `message ${i}`);
  expect(await Promise.all(clients.map((client, i) => ask(client, texts[i] as string)))).toEqual(texts);
}

const associationsOf = async (group: PortGroup): Promise<number[]> =>
  (await group.stats()).map(({ associations }) => associations);

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);

(native ? describe : describe.skip)('workers of node:cluster with reusePort', () => {
  beforeAll(() => cluster.setupPrimary({ exec: ECHO_SERVER, args: [], serialization: 'advanced' }));

  test('share the clients of a port, each of whom keeps to one worker', async () => {
    const workers = new PortGroup();
    for (let i = 0; i < 2; i++) await addWorker(workers);
    const clients: DtlsAssociation[] = [];
    do clients.push(...(await join(workers.port)));
    while ((await associationsOf(workers)).includes(0));
    await echoes(clients);
    expect(sum(await associationsOf(workers))).toBe(clients.length);
    expect(workers.moved).toBe(0);
  });

  test('serve every client when the kernel moves it, because strays go through the primary', async () => {
    const workers = new PortGroup();
    await addWorker(workers);
    const clients: DtlsAssociation[] = [];
    do {
      clients.push(...(await join(workers.port)));
      // A socket that joins the port changes the kernel's choice.
      await addWorker(workers);
      await echoes(clients);
    } while (workers.moved === 0);
    expect(sum(await associationsOf(workers))).toBe(clients.length);
  });

  test('find the association of a device that has another port, whichever of them it comes to', async () => {
    const workers = new PortGroup();
    for (let i = 0; i < 2; i++) await addWorker(workers);
    const relays = await Promise.all(Array.from({ length: CLIENTS_PER_ROUND }, () => Relay.open(workers.port)));
    for (const relay of relays) closeLater({ close: () => relay[Symbol.asyncDispose]() });
    const clients = await Promise.all(relays.map((relay) => open(relay.port)));
    await echoes(clients);
    await Promise.all(relays.map((relay) => relay.rebind()));
    await echoes(clients);
    expect(sum((await workers.stats()).map(({ migrated }) => migrated))).toBe(clients.length);
    expect(workers.moved).toBeGreaterThan(0);
  });

  test('resume the sessions of one that was killed', async () => {
    const workers = new PortGroup();
    const killed = await addWorker(workers);
    const session = (await open(workers.port)).getSession();
    await addWorker(workers);
    workers.servers.delete(killed);
    await killed.kill();
    const again = await open(workers.port, { session });
    expect(again.isSessionReused()).toBe(true);
    expect(await ask(again, 'hello')).toBe('hello');
  });
});
