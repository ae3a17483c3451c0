import { expect, test } from '@jest/globals';
import { CliProcess, connectTo, eventsOf, listen, run } from './cli-process';

const ALICE = 'Alice (clone number 0)';

function namesOf(events: Array<{ event: string }>): string[] {
  return events.map(({ event }) => event).filter((event) => event !== 'info');
}

test('--json tells all that happens, one object a line', async () => {
  const { server, port } = await listen(['--json']);
  const client = connectTo(port, ['--json']);
  client.endInput('a\tb\n');
  const sent = eventsOf((await client.ended).stdout);
  await server.line(/"closed"/);
  const served = eventsOf((await server.signal('SIGINT')).stdout);

  for (const { time, role } of [...sent, ...served]) {
    expect(new Date(time as string).toISOString()).toBe(time);
    expect(['client', 'server']).toContain(role);
  }
  expect(namesOf(sent)).toEqual(['connected', 'response', 'response', 'closed']);
  expect(sent.filter(({ event }) => event === 'info').map(({ message }) => message)).toEqual([
    `${ALICE}: starting a handshake`,
    `${ALICE}: continuing with handshake ...`,
    `${ALICE}: providing pre-shared key ...`,
    `${ALICE}: continuing with handshake ...`,
    `${ALICE}: encrypted connection established!`,
  ]);
  expect(new Set(sent.map(({ association }) => association))).toEqual(new Set([ALICE]));

  expect(namesOf(served)).toEqual(['listening', 'connected', 'message', 'message', 'closed']);
  const connected = served.find(({ event }) => event === 'connected');
  const peer = `(${connected?.address}:${connected?.port})`;
  expect(connected).toEqual({
    time: expect.any(String),
    role: 'server',
    event: 'connected',
    association: peer,
    address: '127.0.0.1',
    port: expect.any(Number),
    protocol: 'DTLSv1.2',
    cipher: 'ECDHE-PSK-CHACHA20-POLY1305',
    identity: ALICE,
    authorized: true,
    resumed: false,
    handshakeMs: expect.any(Number),
    retransmits: 0,
  });
  expect(served.filter(({ event }) => event === 'message').at(-1)).toEqual({
    time: expect.any(String),
    role: 'server',
    event: 'message',
    association: peer,
    bytes: Buffer.from('a\tb').toString('hex'),
    text: 'a\\tb',
    datagram: expect.stringMatching(/^17fefd([0-9a-f]{2})+$/),
  });
  expect(served.at(-1)).toMatchObject({ event: 'closed', association: peer, reason: 'peer' });
  expect(sent.at(-1)).toMatchObject({ event: 'closed', reason: 'local', stats: { messagesReceived: 2 } });
});

test('an error has its code, and so has the end that follows from it', async () => {
  const { stdout, code } = await run(['client', 'a..b', '1', '--json']);
  const events = eventsOf(stdout);
  expect(events.slice(-2)).toMatchObject([
    { event: 'error', association: ALICE, code: 'ERR_DTLS_LOOKUP', message: expect.stringContaining('a..b') },
    { event: 'closed', association: ALICE, reason: 'error', code: 'ERR_DTLS_LOOKUP' },
  ]);
  expect(code).toBe(1);
});

test('an address that a name leads to is an event', async () => {
  const { port } = await listen();
  const client = new CliProcess(['client', 'localhost', port, '--json']);
  client.endInput('hello\n');
  const lookups = eventsOf((await client.ended).stdout).filter(({ event }) => event === 'lookup');
  expect(lookups.map(({ address }) => address)).toContain('127.0.0.1');
});

test('the close_notify of the server is no error', async () => {
  const { server, port } = await listen();
  const client = connectTo(port, ['--json']);
  await client.line(/"response"/);
  await server.signal('SIGINT');
  expect(eventsOf((await client.ended).stdout).slice(-2)).toMatchObject([
    { event: 'info', message: `${ALICE}: shutdown alert received` },
    { event: 'closed', reason: 'peer' },
  ]);
});
