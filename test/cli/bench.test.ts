import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createServer, type DtlsAssociation, type DtlsServer, QT_EXAMPLE_KEY, type ServerOptions } from '../../lib';
import type { BenchReport } from '../../lib/cli/bench/events';
import { closeLater } from '../support/pair';
import { freePort } from '../support/peers/process';
import { CliProcess, eventsOf, linesOf, type Outcome, run } from './cli-process';

type Answer = (association: DtlsAssociation, message: Buffer) => void;

const echo: Answer = (association, message) => association.send(message);

/** A server on a port of its own. */
async function serve(answer: Answer, options: Partial<ServerOptions> = {}): Promise<DtlsServer> {
  const server = closeLater(createServer({ pskCallback: () => QT_EXAMPLE_KEY, ...options }));
  server.on('secureConnection', (peer) => peer.on('message', (message) => answer(peer, message)));
  return server.listen({ port: 0, address: '127.0.0.1' });
}

function bench({ port }: { port: number }, args: string): CliProcess {
  return new CliProcess(['bench', '127.0.0.1', String(port), ...args.split(' ').filter(Boolean)]);
}

/** Runs `dtls bench --json` to its end. */
async function benchServer(server: DtlsServer, args: string): Promise<{ report: BenchReport; outcome: Outcome }> {
  const outcome = await bench(server.address(), `--json ${args}`).ended;
  return { report: reportOf(outcome), outcome };
}

function reportOf({ stdout }: Outcome): BenchReport {
  return eventsOf(stdout).at(-1) as unknown as BenchReport;
}

/** So that a busy machine loses nothing. */
const PATIENT = '--answer-timeout 10';

describe('against an echo server', () => {
  test('each association keeps its window in flight', async () => {
    let mostWaiting = 0;
    const waiting = new Map<DtlsAssociation, Buffer[]>();
    // Answers in pairs: who sends one message only waits for ever.
    const server = await serve((association, message) => {
      const messages = waiting.get(association) ?? [];
      waiting.set(association, messages);
      messages.push(Buffer.from(message));
      mostWaiting = Math.max(mostWaiting, messages.length);
      if (messages.length === 2) for (const one of messages.splice(0)) association.send(one);
    });
    const { report, outcome } = await benchServer(server, '-n 3 --window 2 -d 0.3 --answer-timeout 1');
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(waiting.size).toBe(3);
    expect(mostWaiting).toBe(2);
    expect(report).toMatchObject({
      ok: true,
      plan: { associations: 3, window: 2, size: 64, durationMs: 300, answers: 'echo' },
      protocol: 'DTLSv1.2',
      cipher: 'ECDHE-PSK-CHACHA20-POLY1305',
      handshakes: { opened: 3, failed: 0, failures: [], latencyMs: { p50: expect.any(Number) } },
    });
    expect(report.messages?.answers?.answered).toBeGreaterThanOrEqual(6);
  });

  test('a rate sends so many messages, spread over the associations, of the size asked for', async () => {
    const received = new Map<DtlsAssociation, number>();
    const sizes = new Set<number>();
    const server = await serve((association, message) => {
      received.set(association, (received.get(association) ?? 0) + 1);
      sizes.add(message.length);
      association.send(message);
    });
    const { report } = await benchServer(server, `-n 5 --rate 100 -d 0.5 --size 200 ${PATIENT}`);
    const { sent = 0, unsent, answers, sendLagMs } = report.messages ?? {};
    expect(sent + (unsent ?? 0)).toBe(50);
    expect(answers).toMatchObject({ answered: sent, lost: 0, lostShare: 0, late: 0, foreign: 0 });
    expect(sendLagMs).toBeDefined();
    expect(sizes).toEqual(new Set([200]));
    expect(received.size).toBe(5);
    expect(Math.max(...received.values()) - Math.min(...received.values())).toBeLessThanOrEqual(1);
  });

  test('--json tells start, handshakes, each second and the report', async () => {
    const server = await serve(echo);
    const { outcome } = await benchServer(server, `-n 2 --rate 20 -d 2.5 ${PATIENT}`);
    const events = eventsOf(outcome.stdout);
    expect([...new Set(events.map(({ event }) => event))]).toEqual(['start', 'handshakes', 'progress', 'report']);
    for (const { role, time } of events) {
      expect(role).toBe('bench');
      expect(new Date(time as string).toISOString()).toBe(time);
    }
    expect(events[2]).toMatchObject({ phase: 'messages', associations: 2, lost: 0, retransmits: 0 });
  });

  test('people get a line each second, and the report', async () => {
    const server = await serve(echo);
    const { code, stdout, stderr } = await bench(server.address(), `--rate 20 -d 2.5 ${PATIENT}`).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = linesOf(stdout);
    expect(lines[0]).toBe(`dtls bench 127.0.0.1:${server.address().port}`);
    expect(lines.filter((line) => /^messages: \d s, /.test(line)).length).toBeGreaterThan(0);
    expect(lines).toEqual(expect.arrayContaining(['Handshakes', 'Messages', '  retransmits  0', '  lost         0']));
  });

  test('Ctrl-C ends the run early, with the report', async () => {
    const server = await serve(echo);
    const cli = bench(server.address(), '--json -d 600');
    await cli.line(/"progress"/);
    const outcome = await cli.signal('SIGINT');
    expect(outcome.code).toBe(0);
    expect(reportOf(outcome)).toMatchObject({ event: 'report', ok: true });
    expect(reportOf(outcome).messages?.durationMs).toBeLessThan(600_000);
  });
});

describe('against other servers', () => {
  test('--any-reply takes answers that are no echo; without it they are named', async () => {
    const server = await serve((association) => association.send('ACK'));
    const strict = await benchServer(server, '-d 0.2 --answer-timeout 2');
    expect(strict.outcome.code).toBe(1);
    expect(strict.report).toMatchObject({ ok: false, messages: { answers: { answered: 0 } } });
    expect(strict.report.notes.join()).toMatch(/no echo.*--any-reply/);
    const lenient = await benchServer(server, `-d 0.2 --size 5 --any-reply ${PATIENT}`);
    expect(lenient.outcome.code).toBe(0);
    expect(lenient.report.messages?.answers).toMatchObject({ lost: 0, foreign: 0 });
  });

  test('--one-way needs no answers, and counts none', async () => {
    let received = 0;
    const server = await serve(() => received++);
    const peer = once(server, 'secureConnection') as Promise<[DtlsAssociation]>;
    const { report, outcome } = await benchServer(server, '--one-way --rate 100 -d 0.3');
    const [{ closed }] = await peer;
    expect(await closed).toEqual({ reason: 'peer' });
    expect(outcome.code).toBe(0);
    expect(report.messages?.sent).toBe(received);
    expect(report.messages?.answers).toBeUndefined();
  });

  test('--one-way without a rate sends all it can', async () => {
    const server = await serve(() => {});
    const { report, outcome } = await benchServer(server, '-n 2 --one-way -d 0.2');
    expect(outcome.code).toBe(0);
    expect(report.messages?.sent).toBeGreaterThan(64);
  });

  test('nothing that comes back is a failure', async () => {
    const server = await serve(() => {});
    const { report, outcome } = await benchServer(server, '-d 0.1 --answer-timeout 0.1');
    expect(outcome.code).toBe(1);
    expect(report.notes).toEqual([expect.stringMatching(/^Nothing came back.*--one-way/)]);
  });

  test('what gets no answer is lost, and its place in the window is used again', async () => {
    let received = 0;
    const server = await serve((association, message) => {
      if (received++ > 0) association.send(message);
    });
    const { report, outcome } = await benchServer(server, '-d 2 --answer-timeout 1');
    expect(outcome.code).toBe(0);
    const { sent, answers } = report.messages ?? {};
    expect(answers?.lost).toBeGreaterThanOrEqual(1);
    expect(answers?.answered).toBeGreaterThanOrEqual(1);
    expect((answers?.lost ?? 0) + (answers?.answered ?? 0)).toBe(sent);
  });

  test('a server that refuses half of the handshakes gets its load on the others', async () => {
    let asked = 0;
    const server = await serve(echo, { pskCallback: () => (asked++ % 2 === 0 ? QT_EXAMPLE_KEY : undefined) });
    const { report, outcome } = await benchServer(server, `-n 10 --handshakes 3 -d 0.2 ${PATIENT}`);
    expect(outcome.code).toBe(0);
    expect(report).toMatchObject({
      ok: true,
      handshakes: { opened: 5, failed: 5, failures: [{ code: 'ERR_DTLS_PSK_UNKNOWN', count: 5 }] },
    });
    expect(report.messages?.answers?.answered).toBeGreaterThan(0);
  });

  test('when all associations end, so does the run, and says why', async () => {
    let received = 0;
    const server = await serve((association, message) => {
      association.send(message);
      if (++received >= 10) association.close();
    });
    const { report } = await benchServer(server, '-n 2 -d 600 --answer-timeout 0.5');
    expect(report.messages).toMatchObject({ ended: [{ code: 'close_notify', count: 2 }] });
    expect(report.messages?.durationMs).toBeLessThan(600_000);
  });
});

describe('when no association can be opened', () => {
  test('the report says why, with exit code 1', async () => {
    const outcome = await bench({ port: await freePort() }, '--json -n 3').ended;
    expect(outcome.code).toBe(1);
    expect(reportOf(outcome)).toMatchObject({
      ok: false,
      handshakes: { opened: 0, failed: 3, failures: [{ code: 'ERR_DTLS_REFUSED', count: 3 }] },
    });
    expect(reportOf(outcome)).not.toHaveProperty('messages');
  });

  test('a wrong key is named as such', async () => {
    const server = await serve(echo, { retransmit: { initial: 50 } });
    const { report } = await benchServer(server, '--psk 00ff --retransmit 50');
    expect(report.handshakes.failures).toMatchObject([{ code: 'ERR_DTLS_PSK_MISMATCH' }]);
  });

  test('silence is, too, with the retransmissions that it cost', async () => {
    const silent = createSocket('udp4').bind(0, '127.0.0.1');
    await once(silent, 'listening');
    const outcome = await bench(silent.address(), '--json --retransmit 50 --handshake-timeout 1').ended;
    silent.close();
    expect(outcome.code).toBe(1);
    const { failures, retransmits } = reportOf(outcome).handshakes;
    expect(failures).toMatchObject([{ code: 'ERR_DTLS_HANDSHAKE_TIMEOUT', count: 1 }]);
    expect(retransmits).toBeGreaterThan(0);
  });

  test('Ctrl-C ends the handshakes, too', async () => {
    const server = await serve(echo, { limits: { maxHandshakes: 1, maxAssociations: 1 } });
    const cli = bench(server.address(), '--json -n 3 --handshake-timeout 600');
    await cli.line(/"phase":"handshakes"/);
    const outcome = await cli.signal('SIGINT');
    expect(outcome.code).toBe(1);
    expect(reportOf(outcome)).toMatchObject({ ok: false, handshakes: { opened: 1, failed: 0 } });
  });
});

describe('--html', () => {
  let folder: string | undefined;

  afterEach(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true });
    folder = undefined;
  });

  test('writes the report as a page', async () => {
    folder = mkdtempSync(join(tmpdir(), 'dtls-bench-'));
    const file = join(folder, 'report.html');
    const server = await serve(echo);
    const { report } = await benchServer(server, `-d 0.6 --html ${file} ${PATIENT}`);
    const page = readFileSync(file, 'utf8');
    const [, course] = /id="course">(.*?)<\/script>/.exec(page) ?? [];
    const { messages } = JSON.parse(course as string) as { messages: Array<{ counts: { sent: number } }> };
    expect(messages.reduce((sum, { counts }) => sum + counts.sent, 0)).toBe(report.messages?.sent);
  });

  test('finds out before anything is sent that the file cannot be written', async () => {
    const { code, stdout, stderr } = await bench({ port: await freePort() }, '--html /nonexistent/report.html').ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^error: --html: ENOENT/);
  });
});

describe('wrong usage ends with exit code 2 and says why', () => {
  test.each([
    ['', /missing required argument 'host'/],
    ['127.0.0.1', /missing required argument 'port'/],
    ['127.0.0.1 1 -n 0', /--associations.*1 to 60000/],
    ['127.0.0.1 1 --rate 0', /--rate.*Messages per second are expected/],
    ['127.0.0.1 1 --rate 1e3', /--rate.*Messages per second are expected/],
    ['127.0.0.1 1 --rate 10 --window 2', /--rate.*cannot be used with.*--window/],
    ['127.0.0.1 1 --one-way --any-reply', /--one-way.*cannot be used with.*--any-reply/],
    ['127.0.0.1 1 --one-way --window 2', /--one-way.*cannot be used with.*--window/],
    ['127.0.0.1 1 --size 19', /--size: .* 20 bytes or more; --any-reply and --one-way take fewer/],
    ['127.0.0.1 1 -n 60000 --window 65536', /--window: up to 1048576/],
    ['127.0.0.1 1 --ciphers NONSENSE', /ciphers: .*\(ERR_DTLS_CIPHERS\)/],
    ['127.0.0.1 1 --mtu 5', /mtu: .*256 to 16384.*\(ERR_DTLS_OPTION\)/],
    ['127.0.0.1 1 --psk xyz', /--psk: a key in hexadecimal/],
    ['127.0.0.1 1 --asociations 2', /unknown option '--asociations'\n\(Did you mean --associations\?\)/],
  ])('dtls bench %s', async (args, reason) => {
    const { code, stdout, stderr } = await run(['bench', ...args.split(' ').filter(Boolean)]);
    expect(stderr).toMatch(reason);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('a message that does not fit a datagram, which only the handshake tells', async () => {
    const server = await serve(echo);
    const { code, stderr } = await bench(server.address(), '--size 1200').ended;
    expect(stderr).toMatch(/^error: --size: with this cipher suite and --mtu, \d+ bytes fit a datagram\.\n$/);
    expect(code).toBe(2);
  });
});

test('its help names what there is, and fits 80 columns', async () => {
  const { code, stdout } = await run(['help', 'bench']);
  for (const word of ['--rate', '--window', '--any-reply', '--one-way', '--html', '--psk', 'DTLS_PSK', 'Exit code']) {
    expect(stdout).toContain(word);
  }
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(code).toBe(0);
});
