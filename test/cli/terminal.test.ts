import { describe, expect, test } from '@jest/globals';
import { createServer, QT_EXAMPLE_KEY } from '../../lib';
import { connectTo, eventsOf, linesOf, listen, run } from './cli-process';

const ESC = '\x1b';
const HOSTILE = Buffer.concat([Buffer.from(`${ESC}]0;owned\x07${ESC}[2J\u202e\u009b1m\n---\\`), Buffer.from([0xff])]);
const SHOWN = '\\x1b]0;owned\\x07\\x1b[2J\\u{202e}\\u{9b}1m\\n---\\\\\\xff';
/** All that a terminal could act on, but for the line ends that end our lines. */
const UNSAFE = /[\p{Cc}\p{Cf}]/u;

function unsafeLines(text: string): string[] {
  return linesOf(text).filter((line) => UNSAFE.test(line));
}

describe('what a peer sends reaches no terminal as it is', () => {
  test.each([[[]], [['--json']]])('a message to the client, with %j', async (flags) => {
    await using server = createServer({ pskCallback: () => QT_EXAMPLE_KEY }, (peer) => {
      peer.on('message', () => peer.send(HOSTILE));
    });
    await server.listen({ port: 0, address: '127.0.0.1' });
    const client = connectTo(String(server.address()?.port), ['--no-ping', ...flags]);
    client.endInput('hello\n');
    const { stdout } = await client.ended;
    expect(unsafeLines(stdout)).toEqual([]);
    if (flags.length === 0) expect(linesOf(stdout).at(-1)).toBe(SHOWN);
    else
      expect(eventsOf(stdout).find(({ event }) => event === 'response')).toMatchObject({
        bytes: HOSTILE.toString('hex'),
        text: SHOWN,
      });
  });

  test.each([[[]], [['--json']]])('an identity and a message to the server, with %j', async (flags) => {
    const { server, port } = await listen(flags);
    const client = connectTo(port, ['--psk-identity', `evil${ESC}[2J\n`, '--name', `Bob${ESC}[2J`]);
    await server.line(/accept our ping/);
    const own = await client.signal('SIGINT');
    const { stdout } = await server.signal('SIGINT');
    expect(unsafeLines(stdout + own.stdout)).toEqual([]);
    expect(flags.length === 0 ? stdout : JSON.stringify(eventsOf(stdout))).toContain('evil\\');
    expect(stdout).not.toContain('evil\n');
  });
});

describe('colours', () => {
  const refused = ['client', '127.0.0.1', '1'];
  const [warning, error] = [`${ESC}[38;2;255;140;0m`, `${ESC}[38;2;220;20;60m`];

  test('FORCE_COLOR turns them on: Crimson for errors, DarkOrange for warnings', async () => {
    const lines = linesOf((await run(refused, { FORCE_COLOR: '3' })).stdout);
    expect(lines.at(-1)).toMatch(/handshake error/);
    expect(lines.at(-1)?.startsWith(error)).toBe(true);
    expect(lines.at(-2)?.startsWith(warning)).toBe(true);
  });

  test('information and messages have colours of their own', async () => {
    const { server, port } = await listen();
    const client = connectTo(port, [], { FORCE_COLOR: '3' });
    client.endInput('hello\n');
    const { stdout } = await client.ended;
    await server.signal('SIGINT');
    const colourOf = (pattern: RegExp) =>
      linesOf(stdout)
        .find((line) => pattern.test(line))
        ?.split('m', 1)[0];
    const tones = [colourOf(/established/), colourOf(/plain text/)];
    expect(new Set([...tones, warning.slice(0, -1), error.slice(0, -1)]).size).toBe(4);
    for (const tone of tones) expect(tone?.startsWith(ESC)).toBe(true);
  });

  test('there are none in a pipe, nor with NO_COLOR', async () => {
    expect((await run(refused)).stdout).not.toContain(ESC);
    expect((await run(['demo', '--retransmit', '50'], { NO_COLOR: '1' })).stdout).not.toContain(ESC);
    expect((await run(['--help'])).stdout).not.toContain(ESC);
  });
});
