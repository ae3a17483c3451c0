import { expect, test } from '@jest/globals';
import { KEY } from '../support/peers/credentials';
import { describePeer } from '../support/peers/debian';
import { gnutlsClient, gnutlsProblem, gnutlsServer } from '../support/peers/gnutls';
import { opensslClient, opensslProblem, opensslServer } from '../support/peers/openssl';
import { accepted, connectTo, serve } from '../support/peers/ours';
import type { PeerProcess, PeerServer } from '../support/peers/process';
import { qtClient, qtProblem, qtServer } from '../support/peers/qt';
import { losing, type Message, Relay, type Side } from '../support/peers/relay';

type Loss = [from: Side, message: Message];

/** Each flight of a handshake in which a flight is one datagram. */
const FLIGHTS: Loss[] = [
  ['client', 'ClientHello'],
  ['server', 'HelloVerifyRequest'],
  ['client', 'ClientHello with cookie'],
  ['server', 'ServerHello'],
  ['client', 'ClientKeyExchange'],
  ['server', 'ChangeCipherSpec'],
];
/** GnuTLS sends a server's flights with a datagram for each message. */
const GNUTLS_SERVER_DATAGRAMS: Loss[] = [
  ...FLIGHTS,
  ['server', 'ServerKeyExchange'],
  ['server', 'ServerHelloDone'],
  ['server', 'Finished'],
];

interface Server {
  name: string;
  problem: string | undefined;
  losses: Loss[];
  start(): Promise<PeerServer>;
  /** What the server prints when it has received "hello". */
  received: RegExp;
}

const SERVERS: Server[] = [
  {
    name: 'openssl s_server',
    problem: opensslProblem,
    losses: FLIGHTS,
    // So that its flight is one datagram.
    start: () => opensslServer(['-mtu', '1400']),
    received: /^hello$/m,
  },
  {
    name: 'gnutls-serv',
    problem: gnutlsProblem,
    losses: GNUTLS_SERVER_DATAGRAMS,
    start: () => gnutlsServer(),
    received: /command: hello$/m,
  },
  { name: "Qt's server", problem: qtProblem, losses: FLIGHTS, start: qtServer, received: /^PING .* hello/m },
];

for (const { name, problem, losses, start, received } of SERVERS) {
  describePeer(`our client and ${name} understand each other`, problem, () => {
    test.concurrent.each(losses)("although the %s's %s is lost", async (from, message) => {
      await using server = await start();
      await using relay = await Relay.open(server.port, losing(from, message));
      await using client = await connectTo(relay.port);
      client.send('hello\n');
      await server.says(received);
      expect(relay.lost).toMatchObject({ from, messages: expect.arrayContaining([message]) });
    });
  });
}

interface Client {
  name: string;
  problem: string | undefined;
  start(port: number): PeerProcess;
  /** Sends something, if it does not do so unasked. */
  speak(client: PeerProcess): void;
  /** What the client prints when its message came back. */
  answered: RegExp;
}

const CLIENTS: Client[] = [
  {
    name: 'openssl s_client',
    problem: opensslProblem,
    start: (port) => opensslClient(port),
    speak: (client) => client.type('hello'),
    answered: /^hello$/m,
  },
  {
    name: 'gnutls-cli',
    problem: gnutlsProblem,
    start: (port) => gnutlsClient(port),
    speak: (client) => client.type('hello'),
    answered: /^hello$/m,
  },
  {
    name: "Qt's client",
    problem: qtProblem,
    start: (port) => qtClient(port),
    speak: () => {},
    answered: /^RESPONSE /m,
  },
];

for (const { name, problem, start, speak, answered } of CLIENTS) {
  describePeer(`${name} and our server understand each other`, problem, () => {
    test.concurrent.each(FLIGHTS)("although the %s's %s is lost", async (from, message) => {
      await using server = await serve({ pskCallback: () => KEY });
      await using relay = await Relay.open(server.port, losing(from, message));
      await using client = start(relay.port);
      await accepted(server);
      speak(client);
      await client.says(answered);
      expect(relay.lost).toMatchObject({ from, messages: expect.arrayContaining([message]) });
    });
  });
}
