import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createClient } from 'redis';
import { connect } from '../../lib';
import { describePeer } from '../support/peers/debian';
import { opensslProblem } from '../support/peers/openssl';
import { RedisServer, redisProblem } from '../support/peers/redis';
import { lineOf, output, ROOT, run, serve, start } from './programs';

const directory = mkdtempSync(path.join(tmpdir(), 'dtls-examples-'));

afterAll(() => rmSync(directory, { recursive: true }));

test('each example is in the README', () => {
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  const examples = readdirSync(path.join(ROOT, 'examples')).filter((name) => name !== 'message-port-transport.mjs');
  expect(examples.filter((name) => !readme.includes(name))).toEqual([]);
});

test('testing: the tests of a protocol on a bad line pass', async () => {
  const jest = path.join(ROOT, 'node_modules/jest/bin/jest.js');
  const config = JSON.stringify({ testMatch: ['**/*.test.cjs'], cacheDirectory: directory });
  const { stderr } = await run([jest, '--rootDir=examples/testing', `--config=${config}`]);
  expect(stderr).toMatch(/Tests: +12 passed, 12 total/);
});

test('psk-server and psk-client talk to each other', async () => {
  expect(await output('psk-client', await serve('psk-server'))).toBe('hello\n');
});

test('psk-database finds the key of a client', async () => {
  const port = await serve('psk-database', path.join(directory, 'devices.db'));
  expect(await output('psk-client', port)).toBe('alice said hello\n');
});

describePeer('with Redis', redisProblem, () => {
  test('psk-redis finds the key of a client, until it is deleted', async () => {
    await using redisServer = await RedisServer.start();
    const redis = await createClient({ url: redisServer.url }).connect();
    await redis.set('psk:alice', '00112233445566778899aabbccddeeff');
    const server = start(['examples/psk-redis.mjs', '0', redisServer.url], { stderr: 'pipe' });
    const [, port] = await lineOf(server, /listening on port (\d+)/);
    expect(await output('psk-client', port as string)).toBe('alice said hello\n');
    await redis.del('psk:alice');
    await expect(run(['examples/psk-client.mjs', port as string])).rejects.toThrow('ERR_DTLS_PSK_UNKNOWN');
    redis.destroy();
  });
});

/** What a device gets that has no key at the server. */
async function refusal(port: string): Promise<unknown> {
  const psk = { identity: 'mallory', key: Buffer.from('00112233445566778899aabbccddeeff', 'hex') };
  return connect({ host: '127.0.0.1', port: Number(port), psk }).catch((error) => error);
}

test('metrics-prometheus lets Prometheus read what clients did', async () => {
  const server = start(['examples/metrics-prometheus.mjs', '0', '0'], { stderr: 'pipe' });
  const [, port, url] = await lineOf(server, /listening on port (\d+), metrics at (.*)/);
  expect(await output('psk-client', port as string)).toBe('hello\n');
  expect(await refusal(port as string)).toMatchObject({ code: 'ERR_DTLS_PSK_UNKNOWN' });
  await lineOf(server, /mallory/, 'stderr');
  const response = await fetch(url as string);
  expect(response.headers.get('content-type')).toContain('text/plain');
  expect((await response.text()).split('\n')).toEqual(
    expect.arrayContaining([
      '# TYPE dtls_handshakes_total counter',
      'dtls_handshakes_total{result="completed"} 1',
      'dtls_handshakes_total{result="failed"} 1',
      'dtls_handshake_errors_total{code="ERR_DTLS_PSK_UNKNOWN"} 1',
      'dtls_refused_total{limit="maxAssociations"} 0',
      'dtls_dropped_total{reason="stray"} 0',
      'dtls_dropped_total{reason="forged"} 0',
      'dtls_messages_total{direction="sent"} 1',
      'dtls_messages_total{direction="received"} 1',
      'dtls_associations 0',
      'dtls_handshake_duration_seconds_count{session="new"} 1',
    ]),
  );
});

test('metrics-opentelemetry exports counters and a span of each handshake', async () => {
  const server = start(['examples/metrics-opentelemetry.mjs', '0']);
  const [, port] = await lineOf(server, /listening on port (\d+)/);
  expect(await output('psk-client', port as string)).toBe('hello\n');
  expect(await refusal(port as string)).toMatchObject({ code: 'ERR_DTLS_PSK_UNKNOWN' });
  server.kill();
  const exported = await text(server.stdout as Readable);
  for (const [attributes, value] of [
    [`{ result: 'completed' }`, 1],
    [`{ result: 'failed' }`, 1],
    [`{ 'error.type': 'ERR_DTLS_PSK_UNKNOWN' }`, 1],
    [`{ limit: 'maxAssociations' }`, 0],
    [`{ 'network.io.direction': 'receive' }`, 1],
  ]) {
    expect(exported).toMatch(new RegExp(`attributes: ${attributes},[^{]*value: ${value}\n`));
  }
  const spans = exported.split(`name: 'DTLS handshake'`).slice(1);
  expect(spans).toEqual([
    expect.stringMatching(/'tls\.established': true,[^{]*\},\s*status: \{ code: 0 \}/),
    expect.stringMatching(/'tls\.established': false,[^{]*\},\s*status: \{\s*code: 2,\s*message: '.*mallory/),
  ]);
});

test('workers spreads clients over its workers', async () => {
  const server = start(['examples/workers.mjs', '0', '2']);
  const [, port] = await lineOf(server, /listening on port (\d+) with 2 workers/);
  expect(await output('psk-client', port as string)).toMatch(/^worker [12] says hello\n$/);
});

test('tunnel sends a message and its answer through a TCP connection', async () => {
  expect(await output('tunnel')).toBe('hello\n');
});

describePeer('with certificates made by openssl', opensslProblem, () => {
  beforeAll(async () => {
    expect(await output('make-certificates', directory)).toContain(directory);
  });

  test('certificate-client verifies certificate-server', async () => {
    const port = await serve('certificate-server', directory);
    expect(await output('certificate-client', port, directory)).toBe('hello\n');
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
