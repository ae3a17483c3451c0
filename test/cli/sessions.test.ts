import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { connectTo, eventsOf, linesOf, listen, type Outcome, run } from './cli-process';

const ALICE = 'Alice (clone number 0)';

let scratch: string;
let session: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'dtls-cli-'));
  session = join(scratch, 'session');
});

afterEach(() => rmSync(scratch, { recursive: true }));

async function exchange(port: string, args: string[]): Promise<Outcome> {
  const client = connectTo(port, ['--no-ping', '--retransmit', '50', ...args]);
  client.endInput('hello\n');
  return client.ended;
}

function connectedIn({ stdout }: Outcome) {
  return eventsOf(stdout).find(({ event }) => event === 'connected');
}

test('--sess-out stores what --sess-in resumes', async () => {
  const { port } = await listen();
  const first = await exchange(port, ['--sess-out', session, '--json']);
  const second = await exchange(port, ['--sess-in', session, '--json']);
  expect([first, second].map((outcome) => connectedIn(outcome)?.resumed)).toEqual([false, true]);
  const told = await exchange(port, ['--sess-in', session, '--sess-out', session]);
  expect(told.stdout).toMatch(/^Alice \(clone number 0\): Session protocol: DTLSv1\.2; cipher: .*; resumed$/m);
  expect(told.code).toBe(0);
});

test('only the owner can read the file of --sess-out, even one that was there before', async () => {
  const { port } = await listen();
  writeFileSync(session, '');
  chmodSync(session, 0o644);
  const fresh = join(scratch, 'fresh');
  for (const file of [session, fresh]) {
    await exchange(port, ['--sess-out', file]);
    expect(statSync(file)).toMatchObject({ mode: 0o100600, size: expect.any(Number) });
  }
});

test('the session of another server name is wrong usage', async () => {
  const { port } = await listen();
  await exchange(port, ['--sess-out', session]);
  const { code, stderr } = await run(['client', '::1', port, '--sess-in', session]);
  expect(stderr).toMatch(/^error: session: .*\(ERR_DTLS_SESSION_FOREIGN\)\n$/);
  expect(code).toBe(2);
});

test('--alpn and --use-srtp agree with the server, and tell on what', async () => {
  const { server, port } = await listen(['--alpn', 'coap,echo', '--use-srtp', 'SRTP_AEAD_AES_128_GCM']);
  const flags = ['--alpn', 'other,echo', '--use-srtp', 'SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM'];
  expect(connectedIn(await exchange(port, [...flags, '--json']))).toMatchObject({
    alpn: 'echo',
    srtp: 'SRTP_AEAD_AES_128_GCM',
  });
  const { stdout } = await exchange(port, flags);
  const text = /Session protocol: DTLSv1\.2; cipher: .*; ALPN: echo; SRTP: SRTP_AEAD_AES_128_GCM; not resumed$/;
  expect(linesOf(stdout)).toContainEqual(expect.stringMatching(text));
  await server.line(text);
  const refused = await exchange(port, ['--alpn', 'other']);
  expect(refused.stdout).toMatch(/\(ERR_DTLS_ALPN\)\n$/);
});

test('--ciphers coap is the suite that CoAP prescribes', async () => {
  const { port } = await listen(['--ciphers', 'coap']);
  expect(connectedIn(await exchange(port, ['--ciphers', 'coap', '--json']))?.cipher).toBe('PSK-AES128-CCM8');
});

test('--trace describes the handshake on standard error', async () => {
  const { server, port } = await listen(['--trace']);
  const { stdout, stderr } = await exchange(port, ['--trace']);
  expect(stderr).toContain('ServerHello, Length=');
  expect(stdout).toContain(`${ALICE}: encrypted connection established!`);
  expect(stdout).not.toContain('ServerHello');
  expect((await server.signal('SIGINT')).stderr).toContain('ServerHello, Length=');
});
