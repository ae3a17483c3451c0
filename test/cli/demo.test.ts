import { expect, test } from '@jest/globals';
import { CliProcess, eventsOf, linesOf, run } from './cli-process';

const TIME_LIMIT_MS = 10_000;

test(
  'the demo shows handshakes, answers, a retransmission and close_notify, and sums them up',
  async () => {
    const { code, stdout, stderr } = await run(['demo']);
    for (const name of ['Alice', 'Bob', 'Carol']) {
      expect(stdout).toContain(` ${name.padEnd(6)}  ${name}: encrypted connection established!\n`);
      expect(stdout).toContain(`As plain text: I am ${name}, please, accept our ping 0\n`);
      expect(stdout).toMatch(
        new RegExp(`^${name} +[\\d.]+ ms +\\d+ / \\d+ +${name === 'Carol' ? 1 : 0} .*close_notify`, 'm'),
      );
    }
    expect(stdout.match(/As plain text: to \(127\.0\.0\.1:\d+\): ACK/g)).toHaveLength(3);
    expect(stdout).toContain('Carol: the network loses datagram 2, ');
    expect(stdout).toContain('Carol: handshake timeout, trying to re-transmit\n');
    expect(stdout.match(/The DTLS connection has been shutdown/g)).toHaveLength(3);
    expect(linesOf(stdout).at(-1)).toMatch(/^All of it happened in \d+\.\d s/);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  },
  TIME_LIMIT_MS,
);

test.each(['1', '3'])('it recovers from the loss of datagram %s as well', async (number) => {
  const { code, stdout } = await run(['demo', '--lose', number, '--retransmit', '50']);
  expect(stdout).toContain(`Carol: the network loses datagram ${number}, `);
  expect(code).toBe(0);
});

test('--json tells it in events, the summary last', async () => {
  const { code, stdout } = await run(['demo', '--json']);
  const events = eventsOf(stdout);
  expect(new Set(events.map(({ role }) => role))).toEqual(new Set(['demo', 'server', 'client']));
  expect(events.filter(({ event, role }) => event === 'connected' && role === 'client')).toMatchObject([
    { association: 'Alice', retransmits: 0 },
    { association: 'Bob', retransmits: 0 },
    { association: 'Carol', retransmits: 1 },
  ]);
  expect(events.at(-1)).toMatchObject({
    event: 'summary',
    ok: true,
    missing: [],
    associations: [
      { association: 'Alice', datagramsLost: 0, retransmits: 0, answers: 1, closedBy: 'peer' },
      { association: 'Bob', datagramsLost: 0, retransmits: 0, answers: 1, closedBy: 'peer' },
      { association: 'Carol', datagramsLost: 1, retransmits: 1, answers: 1, closedBy: 'peer' },
    ],
  });
  expect(code).toBe(0);
});

test('when no datagram is lost, the demo fails and says so in red', async () => {
  const { code, stdout } = await run(['demo', '--lose', '99'], { FORCE_COLOR: '3' });
  const verdict = linesOf(stdout).at(-1) as string;
  expect(verdict.startsWith('\x1b[38;2;220;20;60m')).toBe(true);
  expect(verdict).toMatch(/Missing after \d+\.\d s: the lost datagram of Carol\./);
  expect(code).toBe(1);
});

test('when the retransmission cannot happen in time, the demo fails and names the handshake', async () => {
  const { code, stdout } = await run(['demo', '--handshake-timeout', '0.5']);
  expect(stdout).toContain('(ERR_DTLS_HANDSHAKE_TIMEOUT)\n');
  expect(stdout).toMatch(/^Carol +failed /m);
  expect(linesOf(stdout).at(-1)).toMatch(/^Missing after .*: the handshake of Carol\.$/);
  expect(code).toBe(1);
});

test('a reader that leaves early does not disturb it', async () => {
  const demo = new CliProcess(['demo', '--retransmit', '50']);
  await demo.line(/Alice connects/);
  demo.stopReading();
  expect(await demo.ended).toMatchObject({ code: 0, stderr: '' });
});
