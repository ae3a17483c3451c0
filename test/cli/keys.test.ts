import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connectTo, type Listener, listen, type Outcome, run } from './cli-process';

const KEY = '00112233445566778899aabbccddeeff';

let scratch: string;
let keyFile: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'dtls-cli-'));
  keyFile = join(scratch, 'key.hex');
  writeFileSync(keyFile, `${KEY.toUpperCase()}\n`);
});

afterEach(() => rmSync(scratch, { recursive: true }));

async function exchange({ port }: Listener, args: string[], env?: NodeJS.ProcessEnv): Promise<Outcome> {
  const client = connectTo(port, args, env);
  client.endInput('hello\n');
  return client.ended;
}

describe('keys', () => {
  test('come from --psk, --psk-file or DTLS_PSK, and are never printed', async () => {
    const listener = await listen(['--psk-file', keyFile]);
    const outcomes = [
      await exchange(listener, ['--psk', KEY]),
      await exchange(listener, ['--psk-file', keyFile]),
      await exchange(listener, [], { DTLS_PSK: KEY }),
    ];
    const served = await listener.server.signal('SIGINT');
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0]);
    for (const { stdout, stderr } of [...outcomes, served])
      expect(`${stdout}${stderr}`).not.toMatch(new RegExp(KEY, 'i'));
  });

  test('a flag goes before the environment', async () => {
    const listener = await listen(['--psk', KEY], { DTLS_PSK: 'ffff' });
    expect(await exchange(listener, ['--psk', KEY], { DTLS_PSK: 'ffff' })).toMatchObject({ code: 0 });
  });

  test.each([
    ['--psk with other characters', ['--psk', 'secret-zz'], {}],
    ['--psk with half a byte', ['--psk', 'abc'], {}],
    ['an empty --psk', ['--psk', ''], {}],
    ['an empty DTLS_PSK', [], { DTLS_PSK: '' }],
    ['a DTLS_PSK that is no hex', [], { DTLS_PSK: 'secret-zz' }],
  ])('%s is wrong usage, and is not shown', async (_what, flags, env) => {
    for (const command of [['server'], ['client', '127.0.0.1', '1']]) {
      const { code, stdout, stderr } = await run([...command, ...flags], env);
      expect(stderr).toMatch(/^error: .*hexadecimal is expected/);
      expect(stderr).not.toMatch(/secret|abc/);
      expect(stdout).toBe('');
      expect(code).toBe(2);
    }
  });

  test('a --psk-file that cannot be read, or holds no key, is wrong usage', async () => {
    expect(await run(['server', '--psk-file', join(scratch, 'none')])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('ENOENT'),
    });
    writeFileSync(keyFile, 'secret');
    const { code, stderr } = await run(['server', '--psk-file', keyFile]);
    expect(stderr).toMatch(/^error: --psk-file .*hexadecimal is expected/);
    expect(stderr).not.toContain('secret');
    expect(code).toBe(2);
  });

  test("the public key of Qt's examples is warned of on an address that others can reach", async () => {
    const args = ['server', '--address', '0.0.0.0', '--port', '0', '--duration', '0.01'];
    expect((await run(args)).stdout).toMatch(/^This server is open to everybody: .*--psk-file/m);
    expect((await run([...args, '--psk-file', keyFile])).stdout).not.toContain('open to everybody');
  });
});

describe('--keylog', () => {
  test.each(['client', 'server'])(
    'appends key log lines of the %s to a file that only its owner reads',
    async (role) => {
      const file = join(scratch, 'keys.log');
      const listener = await listen(role === 'server' ? ['--keylog', file] : []);
      for (let run = 0; run < 2; run++) await exchange(listener, role === 'client' ? ['--keylog', file] : []);
      expect(readFileSync(file, 'utf8')).toMatch(/^(CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n){2}$/);
      expect(statSync(file).mode & 0o777).toBe(0o600);
    },
  );

  test('without a file means that of SSLKEYLOGFILE, which alone does nothing', async () => {
    const file = join(scratch, 'keys.log');
    const listener = await listen();
    await exchange(listener, [], { SSLKEYLOGFILE: file });
    expect(existsSync(file)).toBe(false);
    await exchange(listener, ['--keylog'], { SSLKEYLOGFILE: file });
    expect(readFileSync(file, 'utf8')).toMatch(/^CLIENT_RANDOM /);
  });

  test('a file that cannot be written is wrong usage', async () => {
    expect(await run(['server', '--keylog', join(scratch, 'none', 'keys.log')])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: --keylog: ENOENT/),
    });
  });
});
