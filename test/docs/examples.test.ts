import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describePeer } from '../support/peers/debian';
import { opensslProblem } from '../support/peers/openssl';
import { lineOf, output, ROOT, run, serve, start } from './programs';

const directory = mkdtempSync(path.join(tmpdir(), 'dtls-examples-'));

afterAll(() => rmSync(directory, { recursive: true }));

test('each example is in the README', () => {
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  const examples = readdirSync(path.join(ROOT, 'examples')).filter((name) => name !== 'message-port-transport.mjs');
  expect(examples.filter((name) => !readme.includes(name))).toEqual([]);
});

test('psk-server and psk-client talk to each other', async () => {
  expect(await output('psk-client', await serve('psk-server'))).toBe('you said hello\n');
});

test('psk-database finds the key of a client', async () => {
  const port = await serve('psk-database', path.join(directory, 'devices.db'));
  expect(await output('psk-client', port)).toBe('alice said hello\n');
});

test('workers spreads clients over its workers', async () => {
  const server = start(['examples/workers.mjs', '0', '2']);
  const [, port] = await lineOf(server, /listening on port (\d+) with 2 workers/);
  expect(await output('psk-client', port as string)).toMatch(/^worker [12] says hello\n$/);
});

test('tunnel sends a message and its answer through a TCP connection', async () => {
  expect(await output('tunnel')).toBe('you said hello\n');
});

describePeer('with certificates made by openssl', opensslProblem, () => {
  beforeAll(async () => {
    expect(await output('make-certificates', directory)).toContain(directory);
  });

  test('certificate-client verifies certificate-server', async () => {
    const port = await serve('certificate-server', directory);
    expect(await output('certificate-client', port, directory)).toBe('you said hello\n');
  });

  test('mutual-server greets mutual-client by the name in its certificate, and refuses who has none', async () => {
    const server = start(['examples/mutual-server.mjs', '0', directory], { stderr: 'pipe' });
    const [, port] = await lineOf(server, /listening on port (\d+)/);
    expect(await output('mutual-client', port as string, directory)).toBe('client said hello\n');
    const args = ['examples/certificate-client.mjs', port as string, directory];
    await expect(run(args)).rejects.toThrow('perhaps it wants a certificate');
    await lineOf(server, /has no certificate, and one is required/, 'stderr');
  });

  test('resuming-client resumes its session although both have restarted', async () => {
    expect(await output('resuming-client', await serve('resuming-server', directory), directory)).toBe('welcome\n');
    expect(existsSync(path.join(directory, 'session'))).toBe(true);
    const port = await serve('resuming-server', directory);
    expect(await output('resuming-client', port, directory)).toBe('welcome back\n');
  });

  test('webrtc agrees on SRTP keys over a transport that is not UDP', async () => {
    const lines = (await output('webrtc')).trimEnd().split('\n').sort();
    const keys = 'SRTP_AEAD_AES_128_GCM, keys and salts of 16, 12, 16, 12 bytes';
    expect(lines).toEqual([`client: ${keys}`, `server: ${keys}`]);
  });
});
