import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { authority, encryptKey } from '../support/pki';
import { CliProcess, connectTo, eventsOf, linesOf, listen, type Outcome, run } from './cli-process';

const ALICE = 'Alice (clone number 0)';
const PASSPHRASE = 'open sesame ';

let scratch: string;
/** What is for each server with a certificate. */
let server: string[];
let fingerprint: string;
let otherFingerprint: string;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'dtls-cli-'));
  const ca = await authority({ name: 'Acme root' });
  const leaf = await ca.issue();
  const client = await ca.issue({ name: 'meter 7', purpose: 'client' });
  const files = {
    'ca.pem': ca.cert,
    'server.pem': leaf.chain,
    'server.key': leaf.key,
    'both.pem': leaf.chain + leaf.key,
    'encrypted.key': encryptKey(leaf.key, PASSPHRASE),
    'pass.txt': `${PASSPHRASE}\nmore\n`,
    'client.pem': client.chain,
    'client.key': client.key,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(file(name), text);
  server = ['--cert', file('server.pem'), '--key', file('server.key')];
  fingerprint = `sha-256 ${new X509Certificate(leaf.der).fingerprint256}`;
  otherFingerprint = `sha-256 ${new X509Certificate(client.der).fingerprint256}`;
});

afterAll(() => rmSync(scratch, { recursive: true }));

function file(name: string): string {
  return join(scratch, name);
}

/** One line there and one back. */
async function exchange(port: string, args: string[], env?: NodeJS.ProcessEnv): Promise<Outcome> {
  const client = connectTo(port, ['--no-ping', '--retransmit', '50', ...args], env);
  client.endInput('hello\n');
  return client.ended;
}

function connectedIn({ stdout }: Outcome) {
  return eventsOf(stdout).find(({ event }) => event === 'connected');
}

describe('a client', () => {
  test.each([['--ca'], ['--CAfile']])('verifies the server with %s, and tells whom it talks to', async (flag) => {
    const { port } = await listen(server);
    const { code, stdout } = await exchange(port, [flag, file('ca.pem')]);
    const lines = linesOf(stdout);
    const established = lines.indexOf(`${ALICE}: encrypted connection established!`);
    expect(lines.slice(established + 1, established + 3)).toEqual([
      `${ALICE}: the peer's certificate is authorized. Subject: CN=localhost; issuer: CN=Acme root; ` +
        `fingerprint: ${fingerprint}`,
      `${ALICE}: Session protocol: DTLSv1.2; cipher: ECDHE-ECDSA-AES128-GCM-SHA256; not resumed`,
    ]);
    expect(lines.at(-1)).toMatch(/^to \(127\.0\.0\.1:\d+\): ACK$/);
    expect(code).toBe(0);
  });

  test('tells the same with --json', async () => {
    const { port } = await listen(server);
    expect(connectedIn(await exchange(port, ['--ca', file('ca.pem'), '--json']))).toEqual({
      time: expect.any(String),
      role: 'client',
      event: 'connected',
      association: ALICE,
      address: '127.0.0.1',
      port: Number(port),
      protocol: 'DTLSv1.2',
      cipher: 'ECDHE-ECDSA-AES128-GCM-SHA256',
      identity: '',
      certificate: { subject: 'CN=localhost', issuer: 'CN=Acme root', fingerprint },
      authorized: true,
      resumed: false,
      handshakeMs: expect.any(Number),
      retransmits: expect.any(Number),
    });
  });

  test('tells nothing of it with --quiet', async () => {
    const { port } = await listen(server);
    const { stdout } = await exchange(port, ['--ca', file('ca.pem'), '--quiet']);
    expect(linesOf(stdout)[0]).toBe('---------------');
  });

  test.each([
    ['an authority that it does not know', [], 'ERR_DTLS_CERT_UNTRUSTED'],
    ['another name', ['--ca', 'ca.pem', '--servername', 'other.example'], 'ERR_DTLS_CERT_HOST'],
    ['another fingerprint', ['--fingerprint', 'other'], 'ERR_DTLS_CERT_FINGERPRINT'],
  ])('refuses a certificate with %s, with exit code 1', async (_what, flags, error) => {
    const { port } = await listen(server);
    const values: Record<string, string> = { 'ca.pem': file('ca.pem'), other: otherFingerprint };
    const args = flags.length === 0 ? ['--servername', 'localhost'] : flags.map((flag) => values[flag] ?? flag);
    const { code, stdout } = await exchange(port, args);
    expect(linesOf(stdout).at(-1)).toMatch(new RegExp(`handshake error - .*\\(${error}\\)$`));
    expect(code).toBe(1);
  });

  test('takes the server by its --fingerprint, one of several', async () => {
    const { port } = await listen(server);
    const outcome = await exchange(port, ['--fingerprint', `${otherFingerprint},${fingerprint}`, '--json']);
    expect(connectedIn(outcome)).toMatchObject({ authorized: true });
    expect(outcome.code).toBe(0);
  });

  test('takes any certificate with --insecure, which it warns of, and says what is wrong', async () => {
    const { port } = await listen(server);
    const { code, stdout } = await exchange(port, ['--insecure', '--quiet']);
    expect(linesOf(stdout)[0]).toBe('With --insecure, the server may be anybody: its certificate is not verified.');
    expect(code).toBe(0);
    const told = await exchange(port, ['--insecure']);
    expect(told.stdout).toMatch(
      /the peer's certificate is not authorized \(UNABLE_TO_[A-Z_]+\)\. Subject: CN=localhost/,
    );
    expect(connectedIn(await exchange(port, ['--insecure', '--json']))).toMatchObject({
      authorized: false,
      authorizationError: expect.stringMatching(/^UNABLE_TO_/),
    });
  });

  test('asks for --servername, and checks it', async () => {
    const { port } = await listen([...server, '--json']);
    const outcome = await exchange(port, ['--ca', file('ca.pem'), '--servername', 'localhost', '--json']);
    expect(connectedIn(outcome)).toMatchObject({ authorized: true, servername: 'localhost' });
  });

  test('does not fall back to DTLS_PSK', async () => {
    const { port } = await listen([], { DTLS_PSK: '00ff' });
    const { code, stdout } = await exchange(port, ['--ca', file('ca.pem')], { DTLS_PSK: '00ff' });
    expect(stdout).toMatch(/\(ERR_DTLS_NO_SHARED_CIPHER\)\n$/);
    expect(code).toBe(1);
  });
});

describe('a server with --cert', () => {
  test("does not take the key of Qt's examples, nor warn of it", async () => {
    const { server: cli, port } = await listen([...server, '--address', '0.0.0.0']);
    expect(await exchange(port, [])).toMatchObject({ code: 1 });
    expect((await cli.signal('SIGINT')).stdout).not.toContain('open to everybody');
  });

  test('takes a key that is given, too', async () => {
    const { port } = await listen([...server, '--psk', '00ff']);
    expect(await exchange(port, ['--psk', '00ff'])).toMatchObject({ code: 0 });
    expect(await exchange(port, ['--ca', file('ca.pem')])).toMatchObject({ code: 0 });
  });

  test('--request-cert requires a certificate, and tells whose it is', async () => {
    const { server: cli, port } = await listen([...server, '--request-cert', '--ca', file('ca.pem')]);
    const own = ['--cert', file('client.pem'), '--key', file('client.key')];
    expect(await exchange(port, ['--ca', file('ca.pem'), ...own])).toMatchObject({ code: 0 });
    expect(await exchange(port, ['--ca', file('ca.pem')])).toMatchObject({ code: 1 });
    await cli.line(/\(ERR_DTLS_CERT_MISSING\)$/);
    const { stdout } = await cli.signal('SIGINT');
    expect(stdout).toMatch(/^\(127\.0\.0\.1:\d+\): the peer's certificate is authorized\. Subject: CN=meter 7;/m);
  });

  test('--request-cert --insecure takes anybody, and warns of it', async () => {
    const { server: cli, port } = await listen([...server, '--request-cert', '--insecure']);
    const own = ['--cert', file('client.pem'), '--key', file('client.key')];
    expect(await exchange(port, ['--ca', file('ca.pem'), ...own])).toMatchObject({ code: 0 });
    expect(await exchange(port, ['--ca', file('ca.pem')])).toMatchObject({ code: 0 });
    const { stdout } = await cli.signal('SIGINT');
    expect(stdout).toContain('With --insecure, each client may be anybody');
    expect(stdout).toMatch(/the peer's certificate is not authorized \(UNABLE_TO_/);
    expect(stdout).toMatch(/the peer has no certificate, and is not authorized \(UNABLE_TO_/);
  });
});

describe('a private key', () => {
  test.each([
    ['in the file of the certificate', 'both.pem', [], {}],
    ['with --pass', 'server.pem', ['--key', 'encrypted.key', '--pass', PASSPHRASE], {}],
    ['with --pass-file', 'server.pem', ['--key', 'encrypted.key', '--pass-file', 'pass.txt'], {}],
    ['with DTLS_PASS', 'server.pem', ['--key', 'encrypted.key'], { DTLS_PASS: PASSPHRASE }],
  ])('is found %s', async (_what, cert, flags, env) => {
    const args = flags.map((flag) => (/\.(key|txt)$/.test(flag) ? file(flag) : flag));
    const { port } = await listen(['--cert', file(cert), ...args], env);
    expect(await exchange(port, ['--ca', file('ca.pem')])).toMatchObject({ code: 0 });
  });
});

describe('a file that cannot be used is one sentence, with exit code 2', () => {
  test.each([
    ['--ca none.pem', /^error: --ca: ENOENT: /],
    ['--cert none.pem', /^error: --cert: ENOENT: /],
    ['--cert server.pem --key none.key', /^error: --key: ENOENT: /],
    ['--cert server.pem', /^error: --key is missing: /],
    ['--key server.key', /^error: --cert is missing: /],
    ['--pass-file pass.txt', /^error: --cert is missing: /],
    ['--cert server.pem --key encrypted.key --pass-file none.txt', /^error: --pass-file: ENOENT: /],
    ['--cert server.pem --key encrypted.key', /^error: key: .*\(ERR_DTLS_PASSPHRASE\)$/],
    ['--cert server.pem --key encrypted.key --pass wrong', /^error: key: .*\(ERR_DTLS_PASSPHRASE\)$/],
    ['--cert server.pem --key client.key', /^error: key: .*\(ERR_DTLS_KEY_MISMATCH\)$/],
    ['--ca server.key', /^error: ca: .*this is a private key\. \(ERR_DTLS_PEM\)$/],
    ['--insecure --sess-in none.session', /^error: --sess-in: ENOENT: /],
    ['--insecure --sess-in ca.pem', /^error: session: .*\(ERR_DTLS_SESSION_INVALID\)$/],
    ['--insecure --sess-out none/x.session', /^error: --sess-out: ENOENT: /],
  ])('dtls client %s', async (flags, reason) => {
    const args = flags.split(' ').map((flag) => (/\.[a-z]+$/.test(flag) ? file(flag) : flag));
    const { code, stdout, stderr } = await run(['client', '127.0.0.1', '1', ...args]);
    expect(linesOf(stderr)).toEqual([expect.stringMatching(reason)]);
    expect(stderr).not.toMatch(/wrong$|PRIVATE/);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  test.each([['--ca'], ['--insecure']])(
    'a server is told that %s does nothing without --request-cert',
    async (flag) => {
      const args = flag === '--ca' ? [flag, file('ca.pem')] : [flag];
      const { code, stderr } = await run(['server', ...server, ...args]);
      expect(stderr).toMatch(new RegExp(`^error: ${flag}: .*add --request-cert`));
      expect(code).toBe(2);
    },
  );
});

test('dtls bench takes the same flags, and notes --insecure', async () => {
  const { port } = await listen([...server, '--echo']);
  const args = ['bench', 'localhost', port, '--json', '-d', '0.2'];
  const trusting = await new CliProcess([...args, '--ca', file('ca.pem')]).ended;
  expect(eventsOf(trusting.stdout).at(-1)).toMatchObject({
    event: 'report',
    ok: true,
    cipher: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  });
  const insecure = await new CliProcess([...args, '--insecure']).ended;
  expect(eventsOf(insecure.stdout).at(-1)?.notes).toContainEqual(expect.stringContaining('--insecure'));
});
