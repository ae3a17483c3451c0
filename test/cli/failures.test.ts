import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { connectTo, eventsOf, linesOf, listen, run } from './cli-process';

let socket: Socket | undefined;

afterEach(() => {
  socket?.close();
  socket = undefined;
});

/** A UDP port of 127.0.0.1 that somebody has and never answers on. */
async function silentPort(): Promise<string> {
  socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return String(socket.address().port);
}

describe('a client that cannot connect ends with exit code 1', () => {
  test('at once, when nothing listens on the port', async () => {
    const port = await silentPort();
    socket?.close();
    socket = undefined;
    const { code, stdout, stderr } = await run(['client', '127.0.0.1', port]);
    expect(linesOf(stdout).slice(-2)).toEqual([
      'Alice (clone number 0): spurious read notification?',
      `Alice (clone number 0): handshake error - Nothing listens on 127.0.0.1:${port}/udp (ECONNREFUSED): check the ` +
        'port, and that the server runs. (ERR_DTLS_REFUSED)',
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(1);
  });

  test('after --handshake-timeout, when nothing comes back', async () => {
    const port = await silentPort();
    const { code, stdout } = await run([
      ...['client', '127.0.0.1', port, '--retransmit', '50', '--handshake-timeout', '0.2'],
    ]);
    expect(stdout).toContain('Alice (clone number 0): handshake timeout, trying to re-transmit\n');
    expect(stdout).toMatch(/handshake error - Nothing came back .*\(ERR_DTLS_HANDSHAKE_TIMEOUT\)\n$/);
    expect(code).toBe(1);
  });

  test('when its --duration ends before', async () => {
    const { code, stdout } = await run(['client', '127.0.0.1', await silentPort(), '--duration', '0.1']);
    expect(linesOf(stdout).at(-1)).toBe('Alice (clone number 0): closed before the handshake was complete');
    expect(code).toBe(1);
  });

  test('when the host is not found', async () => {
    const { code, stdout } = await run(['client', 'a..b', '1']);
    expect(linesOf(stdout).at(-1)).toMatch(/^Alice \(clone number 0\): failed to start .*\(ERR_DTLS_LOOKUP\)$/);
    expect(code).toBe(1);
  });

  test('when the keys differ, which both sides say', async () => {
    const { server, port } = await listen(['--retransmit', '50']);
    const { code, stdout } = await run(['client', '127.0.0.1', port, '--psk', '00ff', '--retransmit', '50']);
    expect(linesOf(stdout).at(-1)).toMatch(/handshake error - The pre-shared keys differ.*\(ERR_DTLS_PSK_MISMATCH\)$/);
    expect(code).toBe(1);
    await server.line(/^The pre-shared keys differ.*\(ERR_DTLS_PSK_MISMATCH\)$/);
    expect(await server.signal('SIGINT')).toMatchObject({ code: 0 });
  });

  test('when the server accepts another identity only', async () => {
    const { server, port } = await listen(['--psk-identity', 'meter-7', '--retransmit', '50']);
    const refused = await run(['client', '127.0.0.1', port, '--retransmit', '50']);
    expect(refused.code).toBe(1);
    await server.line(/identity "Alice \(clone number 0\)".*\(ERR_DTLS_PSK_UNKNOWN\)$/);
    const accepted = connectTo(port, ['--psk-identity', 'meter-7']);
    accepted.endInput('hello\n');
    expect(await accepted.ended).toMatchObject({ code: 0 });
  });

  test('when the two have no cipher in common', async () => {
    const { port } = await listen(['--ciphers', 'PSK-AES128-GCM-SHA256']);
    const { code, stdout } = await run(['client', '127.0.0.1', port, '--ciphers', 'PSK-AES128-CCM']);
    expect(stdout).toMatch(/\(ERR_DTLS_NO_SHARED_CIPHER\)\n$/);
    expect(code).toBe(1);
  });

  test('even when others of its associations are connected', async () => {
    const { port } = await listen(['--psk-identity', 'Alice (clone number 1)', '--retransmit', '50']);
    const client = connectTo(port, ['--count', '2', '--retransmit', '50']);
    client.endInput('hello\n');
    const { code, stdout } = await client.ended;
    expect(stdout).toContain('Alice (clone number 1): encrypted connection established!');
    expect(stdout).toContain('Alice (clone number 0): handshake error');
    expect(code).toBe(1);
  });
});

describe('a server that cannot listen', () => {
  test('says so on standard error, with exit code 1', async () => {
    const { code, stdout, stderr } = await run(['server', '--port', await silentPort()]);
    expect(stderr).toMatch(
      /^error: The server cannot listen on 127.0.0.1:\d+\/udp: .*EADDRINUSE.* \(ERR_DTLS_SOCKET\)\n$/,
    );
    expect(stdout).toBe('');
    expect(code).toBe(1);
  });

  test('says so as an event with --json', async () => {
    const { code, stdout, stderr } = await run(['server', '--json', '--port', await silentPort()]);
    expect(eventsOf(stdout)).toMatchObject([{ event: 'error', role: 'server', code: 'ERR_DTLS_SOCKET' }]);
    expect(stderr).toBe('');
    expect(code).toBe(1);
  });
});
