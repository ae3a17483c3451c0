import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  type ConnectOptions,
  createServer,
  DtlsAssociation,
  type DtlsServer,
  type RemoteAddress,
  type ServerOptions,
} from '../../index';
import type { Report } from '../events';
import { type OutputFlags, type SessionFlags, sessionOptions } from '../options';
import { acknowledgement, answer, reportListening } from '../server';
import { watchClient, watchServer } from '../watch';
import { LossyTransport } from './lossy-transport';
import { summarize, type Visit } from './summary';

export interface DemoFlags extends OutputFlags, SessionFlags {
  /** Which datagram of Carol is lost, counted from 1. */
  lose: number;
}

/** By name. */
type Visits = Map<string, Visit>;

/** Where the words of each party go. */
export interface DemoReports {
  demo: Report;
  server: Report;
  client(name: string): Report;
}

const NAMES = ['Alice', 'Bob', 'Carol'];
const LOSER = 'Carol';
const TIME_LIMIT_MS = 8000;

/**
 * A server and three associations to it over loopback, one of which loses a datagram. Returns the exit code: 0
 * when everything in it happened. Ends by itself, at the latest after `TIME_LIMIT_MS`.
 */
export async function runDemo(flags: DemoFlags, reports: DemoReports): Promise<number> {
  const startedAt = performance.now();
  const deadline = AbortSignal.timeout(TIME_LIMIT_MS);
  const timeUp = once(deadline, 'abort').then(() => undefined);
  const keys = Object.fromEntries(NAMES.map((name) => [name, randomBytes(16)]));
  const say = (message: string): void => reports.demo({ event: 'info', message });

  say('A DTLS server and three associations to it, over loopback.');
  const visits: Visits = new Map();
  const server = await startServer({ psk: keys, ...sessionOptions(flags) }, visits, reports.server);
  const remote = server.address();
  for (const name of NAMES) {
    say(name === LOSER ? `${name} connects over a network that loses a datagram.` : `${name} connects.`);
    const association = new DtlsAssociation({
      host: remote.address,
      port: remote.port,
      name,
      psk: { identity: name, key: keys[name] },
      ping: true,
      signal: deadline,
      ...sessionOptions(flags),
      ...(name === LOSER && { transport: lossyTransport(remote, flags.lose, visits, reports.client(name)) }),
    } satisfies ConnectOptions);
    await pingOnce(association, visits, reports.client(name));
  }
  say('Each association says goodbye with close_notify.');
  for (const visit of visits.values()) await sayGoodbye(visit, timeUp);
  await server.close();

  const summary = summarize([...visits.values()], LOSER, performance.now() - startedAt);
  reports.demo(summary);
  return summary.ok ? 0 : 1;
}

async function startServer(options: ServerOptions, visits: Visits, report: Report): Promise<DtlsServer> {
  const server = createServer({ ...options, pskIdentityHint: 'Qt DTLS example server' }, (peer) => {
    const visit = visits.get(peer.pskIdentity ?? '');
    if (visit !== undefined) visit.peer = peer;
    peer.on('message', () => answer(peer, acknowledgement(peer), report));
  });
  watchServer(server, report);
  await server.listen({ port: 0, address: '127.0.0.1' });
  reportListening(server, report);
  return server;
}

function lossyTransport(remote: RemoteAddress, loses: number, visits: Visits, report: Report): LossyTransport {
  return new LossyTransport(remote, loses, (size) => {
    (visits.get(LOSER) as Visit).datagramsLost++;
    const message = `${LOSER}: the network loses datagram ${loses}, of ${size} bytes`;
    report({ event: 'warning', association: LOSER, message });
  });
}

/** Connects, and waits for the answer to the first ping or for the end of the association. */
async function pingOnce(association: DtlsAssociation, visits: Visits, report: Report): Promise<void> {
  const visit: Visit = { association, peer: undefined, datagramsLost: 0, answers: 0, closedBy: undefined };
  visits.set(association.name, visit);
  watchClient(association, association.remote.address, report);
  const answered = new Promise<void>((resolve) => {
    association.on('message', () => {
      visit.answers++;
      resolve();
    });
  });
  association.startHandshake();
  await Promise.race([answered, association.closed]);
}

/** Closes, and waits until the server has seen it. */
async function sayGoodbye(visit: Visit, timeUp: Promise<undefined>): Promise<void> {
  await visit.association.close();
  const info = await Promise.race([visit.peer?.closed, timeUp]);
  visit.closedBy = info?.reason;
}
