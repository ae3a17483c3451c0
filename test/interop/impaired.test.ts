import { on } from 'node:events';
import { expect, test } from '@jest/globals';
import type { DtlsAssociation } from '../../lib';
import { KEY } from '../support/peers/credentials';
import { describePeer } from '../support/peers/debian';
import {
  CERTIFICATES_ONLY,
  gnutlsClient,
  gnutlsIdentity,
  gnutlsProblem,
  gnutlsServer,
  gnutlsTrust,
} from '../support/peers/gnutls';
import { damagingOneInTen, oneInTen, together } from '../support/peers/impairment';
import { opensslClient, opensslIdentity, opensslProblem, opensslServer, opensslTrust } from '../support/peers/openssl';
import { accepted, connectTo, serve } from '../support/peers/ours';
import { clientLeaf, root, serverLeaf } from '../support/peers/parties';
import { type PeerProcess, type PeerServer, WAIT_MS } from '../support/peers/process';
import { qtClient, qtProblem, qtServer } from '../support/peers/qt';
import { type Path, Relay, type Side } from '../support/peers/relay';

// scripts/matrix.mjs counts these tests by the first word of their describe, and puts them into the README's table.

/** With these each impairment meets one of the first three datagrams of each side, and later its messages. */
const SEEDS = [23, 29] as const;
/** With this one the first ciphertext of each side, its Finished, is damaged. */
const FINISHED_SEED = 189;
const MESSAGES = 20;
/** Else s_server and s_client, when a record was there before, wait in its place for another and for nothing else. */
const NON_BLOCKING = '-nbio';

type Credentials = 'pre-shared key' | 'certificates on both sides';

/** One test a line: what the path does, and the path. */
const PATHS: Array<[what: string, path: () => Path]> = [
  ['that loses nothing', () => () => 'passed'],
  ...SEEDS.flatMap((seed): typeof PATHS => [
    [`that loses one datagram in ten (seed ${seed})`, () => oneInTen('lost', seed)],
    [`that repeats one in ten (seed ${seed})`, () => oneInTen('repeated', seed)],
    [`that lets one in ten be overtaken (seed ${seed})`, () => oneInTen('held', seed)],
    [`that does all of that, delays and damages (seed ${seed})`, () => allKindsOf(seed)],
  ]),
  [`that delays one in ten (seed ${SEEDS[0]})`, () => oneInTen('late', SEEDS[0])],
  [`that damages one ciphertext in ten (seed ${FINISHED_SEED})`, () => damagingOneInTen(FINISHED_SEED)],
];

function allKindsOf(seed: number): Path {
  const fates = (['lost', 'repeated', 'held', 'late'] as const).map((fate, i) => oneInTen(fate, seed + 100 * i));
  // Damages messages only: a Finished that is damaged after others were lost waits for a peer's timer of 8 s.
  return together(...fates, damagingOneInTen(seed + 500));
}

interface Server {
  name: string;
  problem: string | undefined;
  credentials: Credentials;
  start(): Promise<PeerServer>;
  /** What it prints when it has received this. */
  prints(message: string): RegExp;
  /** What it answers unasked; without it, what is typed. */
  answer?: (message: string) => string;
}

const SERVERS: Server[] = [
  {
    name: 'OpenSSL',
    problem: opensslProblem,
    credentials: 'pre-shared key',
    start: () => opensslServer([NON_BLOCKING, '-mtu', '1400']),
    prints: (message) => new RegExp(`^${message}$`, 'm'),
  },
  {
    name: 'OpenSSL',
    problem: opensslProblem,
    credentials: 'certificates on both sides',
    start: async () => {
      const verifying = ['-Verify', '2', '-verify_return_error', ...opensslTrust(await root)];
      return opensslServer([NON_BLOCKING, '-mtu', '540', ...verifying], opensslIdentity(await serverLeaf));
    },
    prints: (message) => new RegExp(`^${message}$`, 'm'),
  },
  {
    name: 'GnuTLS',
    problem: gnutlsProblem,
    credentials: 'pre-shared key',
    start: () => gnutlsServer(),
    prints: (message) => new RegExp(`command: ${message}$`, 'm'),
    answer: (message) => message,
  },
  {
    name: 'GnuTLS',
    problem: gnutlsProblem,
    credentials: 'certificates on both sides',
    start: async () => {
      const verifying = ['--require-client-cert', '--verify-client-cert', ...gnutlsTrust(await root)];
      return gnutlsServer([...CERTIFICATES_ONLY, '--mtu', '512', ...verifying], gnutlsIdentity(await serverLeaf));
    },
    prints: (message) => new RegExp(`command: ${message}$`, 'm'),
    answer: (message) => message,
  },
  {
    name: 'Qt',
    problem: qtProblem,
    credentials: 'pre-shared key',
    start: qtServer,
    prints: (message) => new RegExp(`^PING .* ${message}\\\\x0a$`, 'm'),
    answer: () => 'ACK',
  },
];

for (const { name, problem, credentials, start, prints, answer } of SERVERS) {
  describePeer(`${name}'s server and our client, ${credentials}`, problem, () => {
    test.concurrent.each(PATHS)('talk over a path %s', async (_, path) => {
      await using server = await start();
      await using relay = await Relay.open(server.port, path());
      await using client = await connectTo(relay.port, await ourCredentials('client', credentials));
      for (let i = 1; i <= MESSAGES; i++) {
        const message = `message ${i}`;
        const answered = answer && heard(client, answer(message));
        await relay.insist(() => client.send(`${message}\n`), Promise.all([server.says(prints(message)), answered]));
        if (answer === undefined) {
          await relay.insist(() => server.type(`answer ${i}`), heard(client, `answer ${i}\n`));
        }
      }
      expectImpaired(relay, path());
      expectEachOnce(client, relay, 'server');
    });
  });
}

interface Client {
  name: string;
  problem: string | undefined;
  credentials: Credentials;
  start(port: number): Promise<PeerProcess>;
}

const CLIENTS: Client[] = [
  {
    name: 'OpenSSL',
    problem: opensslProblem,
    credentials: 'pre-shared key',
    start: async (port) => opensslClient(port, [NON_BLOCKING]),
  },
  {
    name: 'OpenSSL',
    problem: opensslProblem,
    credentials: 'certificates on both sides',
    start: async (port) => {
      const args = [NON_BLOCKING, '-mtu', '540', '-verify_return_error', ...opensslTrust(await root)];
      return opensslClient(port, [...args, ...opensslIdentity(await clientLeaf)], []);
    },
  },
  {
    name: 'GnuTLS',
    problem: gnutlsProblem,
    credentials: 'pre-shared key',
    start: async (port) => gnutlsClient(port),
  },
  {
    name: 'GnuTLS',
    problem: gnutlsProblem,
    credentials: 'certificates on both sides',
    start: async (port) => {
      const args = [...CERTIFICATES_ONLY, '--mtu', '512', ...gnutlsTrust(await root)];
      return gnutlsClient(port, [...args, ...gnutlsIdentity(await clientLeaf)], []);
    },
  },
];

for (const { name, problem, credentials, start } of CLIENTS) {
  describePeer(`${name}'s client and our server, ${credentials}`, problem, () => {
    test.concurrent.each(PATHS)('talk over a path %s', async (_, path) => {
      await using server = await serve(await ourCredentials('server', credentials));
      await using relay = await Relay.open(server.port, path());
      await using client = await start(relay.port);
      const association = await accepted(server);
      for (let i = 1; i <= MESSAGES; i++) {
        const message = `message ${i}`;
        await relay.insist(() => client.type(message), client.says(new RegExp(`^${message}$`, 'm')));
      }
      expectImpaired(relay, path());
      expectEachOnce(association, relay, 'client');
    });
  });
}

describePeer("Qt's client and our server, pre-shared key", qtProblem, () => {
  test.concurrent.each(PATHS)('talk over a path %s', async (_, path) => {
    await using server = await serve({ pskCallback: () => KEY });
    await using relay = await Relay.open(server.port, path());
    await using client = qtClient(relay.port);
    const association = await accepted(server);
    // Its ping comes at once and, should that be lost, again after 5 s.
    await heard(association, 'accept our ping');
    for (let i = 1; i <= MESSAGES; i++) {
      const message = `message ${i}`;
      await relay.insist(() => association.send(message), client.says(new RegExp(`^RESPONSE .* ${message}$`, 'm')));
    }
    expectImpaired(relay, path());
    expectEachOnce(association, relay, 'client');
  });
});

async function ourCredentials(role: Side, credentials: Credentials) {
  if (credentials === 'pre-shared key') return {};
  const { chain: cert, key } = await (role === 'server' ? serverLeaf : clientLeaf);
  return { ca: (await root).cert, cert, key, mtu: 512, ...(role === 'server' ? { requestCert: true } : {}) };
}

/** Resolves when our association hears a message with this in it. */
async function heard(association: DtlsAssociation, wanted: string): Promise<void> {
  for await (const [data] of on(association, 'message', { signal: AbortSignal.timeout(WAIT_MS) })) {
    if (String(data).includes(wanted)) return;
  }
}

/** What the path should do to handshake and messages, it did. */
function expectImpaired({ datagrams }: Relay, path: Path): void {
  const impairs = datagrams.some((datagram) => path(datagram) !== 'passed');
  const impaired = datagrams.filter(({ fate }) => fate !== 'passed').map(({ messages }) => messages[0]);
  const isMessage = impaired.map((message) => message === 'ApplicationData');
  expect(new Set(isMessage)).toEqual(new Set(impairs ? [false, true] : []));
}

/** What the path repeated, our association has passed on once; what it damaged, never. */
function expectEachOnce({ stats }: DtlsAssociation, { datagrams }: Relay, from: Side): void {
  const carried = datagrams.filter((datagram) => datagram.from === from && datagram.messages[0] === 'ApplicationData');
  const intact = carried.filter(({ fate }) => fate !== 'lost' && fate !== 'damaged');
  expect(stats.messagesReceived).toBeLessThanOrEqual(intact.length);
}
