import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readCapture } from '../support/pcapng';
import { connectTo, listen } from './cli-process';

let scratch: string;
let file: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'dtls-cli-'));
  file = join(scratch, 'capture.pcapng');
});

afterEach(() => rmSync(scratch, { recursive: true }));

test.each(['client', 'server'])(
  '--pcap of a %s is a whole file when it ends, which only its owner reads',
  async (role) => {
    const { server, port } = await listen(role === 'server' ? ['--echo', '--pcap', file] : ['--echo']);
    const client = connectTo(port, role === 'client' ? ['--count', '2', '--pcap', file] : ['--count', '2']);
    client.endInput('hello\n');
    expect(await client.ended).toMatchObject({ code: 0 });
    // As Ctrl-C does.
    expect(await server.signal('SIGINT')).toMatchObject({ code: 0 });
    const { packets, secrets, statistics } = readCapture(readFileSync(file));
    expect(secrets.match(/^CLIENT_RANDOM /gm)).toHaveLength(2);
    expect(packets.length).toBeGreaterThanOrEqual(16);
    expect(statistics).toEqual({ received: packets.length, dropped: 0 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  },
);

const hasFull = existsSync('/dev/full');
if (!hasFull) process.stderr.write('skipped: --pcap on a full disk: this system has no /dev/full\n');

(hasFull ? test : test.skip)('a disk that is full is told, and ends nothing but the capture', async () => {
  const { server, port } = await listen(['--echo', '--pcap', '/dev/full']);
  const client = connectTo(port);
  client.endInput('hello\n');
  expect(await client.ended).toMatchObject({ code: 0 });
  const { code, stdout } = await server.signal('SIGINT');
  expect(stdout).toMatch(/^.*--pcap: ENOSPC: .*; the file is incomplete$/m);
  expect(code).toBe(1);
});
