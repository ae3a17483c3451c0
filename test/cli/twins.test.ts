import { describe, expect, test } from '@jest/globals';
import { CliProcess, connectTo, linesOf, listen } from './cli-process';

const HEX = /^([0-9a-f]{2} )*[0-9a-f]{2}$/;
const DATAGRAM = '(the datagram in hex)';

/** Lines with the parts that differ from run to run replaced. */
function stable(text: string, port?: string): string[] {
  return linesOf(text).map((line) => {
    const peer = line.replaceAll(/\(127\.0\.0\.1:\d+\)/g, '(peer)').replace(`port ${port}`, 'port PORT');
    return HEX.test(line) ? DATAGRAM : peer;
  });
}

describe('dtls client and dtls server', () => {
  test("print Qt's texts in Qt's order", async () => {
    const { server, port } = await listen();
    const client = connectTo(port);
    client.endInput('hello\n');

    const { code, stdout, stderr } = await client.ended;
    expect(stable(stdout)).toEqual([
      'Alice (clone number 0): starting a handshake',
      'Alice (clone number 0): continuing with handshake ...',
      'Alice (clone number 0): providing pre-shared key ...',
      'Alice (clone number 0): continuing with handshake ...',
      'Alice (clone number 0): encrypted connection established!',
      '---------------',
      'Alice (clone number 0) received a DTLS datagram:',
      DATAGRAM,
      'As plain text:',
      'to (peer): ACK',
      '---------------',
      'Alice (clone number 0) received a DTLS datagram:',
      DATAGRAM,
      'As plain text:',
      'to (peer): ACK',
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);

    await server.line(/has been shutdown/);
    const served = await server.signal('SIGINT');
    expect(stable(served.stdout, port)).toEqual([
      'Server is listening on address 127.0.0.1 and port PORT',
      '(peer): not verified yet',
      '(peer): verified, starting a handshake',
      '(peer): handshake is in progress ...',
      "PSK callback, received a client's identity: 'Alice (clone number 0)'",
      'Connection with (peer) encrypted. Session cipher: ECDHE-PSK-CHACHA20-POLY1305; session protocol: DTLS 1.2.',
      '---------------',
      'A message from (peer)',
      'DTLS datagram:',
      DATAGRAM,
      'As plain text:',
      'I am Alice (clone number 0), please, accept our ping 0',
      '---------------',
      'A message from (peer)',
      'DTLS datagram:',
      DATAGRAM,
      'As plain text:',
      'hello',
      '(peer): The DTLS connection has been shutdown',
    ]);
    expect(served.stderr).toBe('');
    expect(served.code).toBe(0);
  });

  test('Ctrl-C at the client sends close_notify for each association', async () => {
    const { server, port } = await listen();
    const client = connectTo(port, ['--count', '2']);
    await client.line(/^Alice \(clone number 0\) received/);
    await client.line(/^Alice \(clone number 1\) received/);
    expect(await client.signal('SIGINT')).toMatchObject({ code: 0, stderr: '' });
    await server.line(/has been shutdown/);
    const { stdout } = await server.signal('SIGTERM');
    expect(stdout.match(/has been shutdown/g)).toHaveLength(2);
  });

  test('Ctrl-C at the server ends the client in good order', async () => {
    const { server, port } = await listen();
    const client = connectTo(port);
    await client.line(/received a DTLS datagram/);
    expect(await server.signal('SIGINT')).toMatchObject({ code: 0 });
    const { code, stdout } = await client.ended;
    expect(linesOf(stdout).at(-1)).toBe('Alice (clone number 0): shutdown alert received');
    expect(code).toBe(0);
  });

  test('--count and --name open associations that are named, and identify themselves, as Qt names them', async () => {
    const { server, port } = await listen();
    const client = connectTo(port, ['--count', '3', '--name', 'Bob']);
    for (const number of [0, 1, 2]) await client.line(new RegExp(`^Bob \\(clone number ${number}\\) received`));
    await client.signal('SIGINT');
    const { stdout } = await server.signal('SIGINT');
    const identities = stdout.match(/identity: '.*'/g)?.sort();
    expect(identities).toEqual([0, 1, 2].map((number) => `identity: 'Bob (clone number ${number})'`));
  });

  test('a host name is looked up, and its addresses are named', async () => {
    const { port } = await listen();
    const client = new CliProcess(['client', 'localhost', port]);
    await client.line(/received a DTLS datagram/);
    const lines = linesOf((await client.signal('SIGINT')).stdout);
    const lookup = lines.indexOf('Looking up the host ...');
    const connecting = lines.indexOf('Connecting to: 127.0.0.1');
    expect(lookup).toBe(0);
    expect(connecting).toBeGreaterThan(lookup);
    expect(lines.indexOf('Alice (clone number 0): starting a handshake')).toBeGreaterThan(lookup);
  });

  test('--echo answers with the message itself', async () => {
    const { port } = await listen(['--echo']);
    const client = connectTo(port, ['--no-ping']);
    client.endInput('Grüße\n');
    expect(linesOf((await client.ended).stdout).slice(-2)).toEqual(['As plain text:', 'Grüße']);
  });

  test('an answer that does not fit is a warning of the server', async () => {
    const { server, port } = await listen(['--echo', '--mtu', '256']);
    const client = connectTo(port, ['--no-ping']);
    client.endInput(`${'x'.repeat(600)}\n`);
    await server.line(/^\(127\.0\.0\.1:\d+\): cannot answer - .* bytes/);
  });

  test('--quiet leaves out progress, not messages', async () => {
    const { server, port } = await listen(['--quiet']);
    const client = connectTo(port, ['--quiet']);
    client.endInput('hello\n');
    const { stdout } = await client.ended;
    expect(linesOf(stdout)[0]).toBe('---------------');
    expect(stdout).not.toContain('handshake');
    await server.line(/^hello$/);
    expect((await server.signal('SIGINT')).stdout).not.toContain('verified');
  });

  test('--duration ends both with exit code 0, and with close_notify', async () => {
    const { server, port } = await listen(['--duration', '60']);
    const client = connectTo(port, ['--duration', '2']);
    client.endInput('hello\n');
    expect(await client.ended).toMatchObject({ code: 0, stderr: '' });
    await server.line(/has been shutdown/);
    const brief = new CliProcess(['server', '--port', '0', '--duration', '0.05']);
    expect(await brief.ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('--idle-timeout closes an association from which nothing comes', async () => {
    const { server, port } = await listen(['--idle-timeout', '0.2']);
    const client = connectTo(port, ['--no-ping']);
    await server.line(/^\(127\.0\.0\.1:\d+\): closed, nothing came/);
    expect(await client.ended).toMatchObject({ code: 0 });
  });

  test('a reader that leaves ends the client quietly, with close_notify', async () => {
    const { server, port } = await listen();
    const client = connectTo(port);
    await client.line(/received a DTLS datagram/);
    client.stopReading();
    client.type('its answer has nowhere to go\n');
    await server.line(/has been shutdown/);
    expect(await client.ended).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('standard input of dtls client', () => {
  test('each line goes to every association, empty ones to none', async () => {
    const { server, port } = await listen();
    const client = connectTo(port, ['--count', '2', '--no-ping']);
    client.endInput('one\n\r\ntwo\r\nlast, without a line end');
    expect(await client.ended).toMatchObject({ code: 0 });
    const { stdout } = await server.signal('SIGINT');
    const texts = linesOf(stdout).filter((_line, index, lines) => lines[index - 1] === 'As plain text:');
    expect(texts.sort()).toEqual(['last, without a line end', 'last, without a line end', 'one', 'one', 'two', 'two']);
  });

  test('lines go out while it stays open', async () => {
    const { server, port } = await listen();
    const client = connectTo(port);
    client.type('first\n');
    await server.line(/^first$/);
    client.type('second\n');
    await server.line(/^second$/);
    expect(await client.signal('SIGINT')).toMatchObject({ code: 0 });
  });

  test('input that is empty from the start does not end it', async () => {
    const { port } = await listen();
    const client = connectTo(port);
    client.endInput();
    await client.line(/accept|received a DTLS datagram/);
    expect(await client.signal('SIGINT')).toMatchObject({ code: 0 });
  });

  test('a line that does not fit is an error, and the others are sent', async () => {
    const { server, port } = await listen();
    const client = connectTo(port, ['--no-ping']);
    client.endInput(`${'x'.repeat(3000)}\nfits\n`);
    const { code, stdout } = await client.ended;
    expect(stdout).toMatch(/^A line was not sent: .*3000/m);
    expect(code).toBe(1);
    await server.line(/^fits$/);
  });
});
