import { describe, expect, test } from '@jest/globals';
import { version } from '../../package.json';
import { run } from './cli-process';

describe('wrong usage ends with exit code 2 and says why', () => {
  test.each([
    ['', /^Usage: dtls/m],
    ['cleint', /unknown command 'cleint'\n\(Did you mean client\?\)/],
    ['client', /missing required argument 'host'/],
    ['client 127.0.0.1', /missing required argument 'port'/],
    ['client 127.0.0.1 0', /'0' is invalid for argument 'port'.*1 to 65535/],
    ['client 127.0.0.1 22334x', /'22334x' is invalid/],
    ['client 127.0.0.1 65536', /'65536' is invalid/],
    ['client 127.0.0.1 1 more', /too many arguments/],
    ['client 127.0.0.1 1 --cipher x', /unknown option '--cipher'\n\(Did you mean --ciphers\?\)/],
    ['client 127.0.0.1 1 --ciphers NONSENSE', /ciphers: .*no cipher match.*\(ERR_DTLS_CIPHERS\)/],
    ['client 127.0.0.1 1 --count 0', /--count.*1 to 1000/],
    ['client 127.0.0.1 1 --duration never', /--duration.*Seconds are expected/],
    ['client 127.0.0.1 1 --mtu 5', /mtu: .*256 to 16384.*\(ERR_DTLS_OPTION\)/],
    ['client 127.0.0.1 1 --retransmit 1.5', /--retransmit.*whole number/],
    ['client 127.0.0.1 1 --psk-identity=', /psk\.identity: .*\(ERR_DTLS_PSK_IDENTITY\)/],
    ['client 127.0.0.1 1 --psk 00 --psk-file x', /--psk <hex>' cannot be used with option '--psk-file/],
    ['client 127.0.0.1 1 --insecure --psk 00', /'--insecure' cannot be used with option '--psk <hex>'/],
    ['client 127.0.0.1 1 --insecure --fingerprint x', /'--fingerprint <list>' cannot be used with .*'--insecure'/],
    ['client 127.0.0.1 1 --fingerprint AB', /verifyFingerprint.*is expected/],
    ['client 127.0.0.1 1 --servername 127.0.0.1', /servername: a name is expected/],
    ['client 127.0.0.1 1 --alpn=', /ALPNProtocols\[0\]: .*1 to 255 bytes/],
    ['client 127.0.0.1 1 --use-srtp x', /srtpProfiles: profiles are SRTP_AES128_CM_SHA1_80/],
    ['client 127.0.0.1 1 --min-version DTLSv1.3', /minVersion: DTLS 1\.3 needs .*\(ERR_DTLS_VERSION\)/],
    ['client 127.0.0.1 1 --insecure --psk-identity x', /--psk-identity: beside certificates/],
    ['client 127.0.0.1 1 --keylog', /--keylog: name a file, here or in .*SSLKEYLOGFILE/],
    ['client 127.0.0.1 1 --pcap /nonexistent/file', /--pcap: .*ENOENT/],
    ['server --port 0 --pcap=', /--pcap: .*a path .* is expected/],
    ['server --request-cert', /--cert is missing/],
    ['server --address localhost', /address: an IP address is expected, not "localhost"/],
    ['server --port 70000', /--port.*0 to 65535/],
    ['server --idle-timeout 0', /--idle-timeout.*Seconds are expected/],
    ['demo more', /too many arguments/],
    ['demo --lose 0', /--lose/],
    ['help nonsense', /^Usage: dtls/m],
  ])('dtls %s', async (args, reason) => {
    const { code, stdout, stderr } = await run(args.split(' ').filter(Boolean));
    expect(stderr).toMatch(reason);
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

describe('help', () => {
  const COMMON = [
    '--psk',
    '--psk-file',
    'Certificates:',
    '--cert',
    '--CAfile, --ca',
    '--pass-file',
    'DTLS_PASS',
    '--ciphers',
    '--mtu',
    '--keylog',
    '--pcap',
    '--duration',
    '--json',
    'Exit code',
    'DTLS_PSK',
  ];

  test.each([
    ['--help', ['client', 'server', 'demo', 'Examples:', 'Exit code', 'NO_COLOR']],
    [
      'help client',
      [
        '<host> <port>',
        '--count',
        '--name',
        '--no-ping',
        '--servername',
        '--sess-in',
        'Standard input',
        'response',
        ...COMMON,
      ],
    ],
    ['client --help', ['Examples:']],
    [
      'help server',
      ['--address', '--psk-hint', '--echo', '--idle-timeout', '--request-cert', '22334', 'listening', ...COMMON],
    ],
    ['help demo', ['--lose', '--json', 'summary', 'Exit code']],
  ])('dtls %s names what there is, and fits 80 columns', async (args, words) => {
    const { code, stdout, stderr } = await run(args.split(' '));
    for (const word of words) expect(stdout).toContain(word);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });
});

test('--version names the version and both versions of OpenSSL', async () => {
  const { code, stdout } = await run(['--version']);
  expect(stdout).toMatch(new RegExp(`^dtls-association ${version}, OpenSSL 3\\..*, built for OpenSSL 3\\..*\n$`));
  expect(code).toBe(0);
});

test('an addon that cannot be loaded is one line, with exit code 1', async () => {
  const { code, stdout, stderr } = await run(['server'], { DTLS_ADDON_PATH: '/nonexistent/dtls.node' });
  expect(stderr).toMatch(/^error: .*\(ERR_DTLS_LOAD\)\n$/);
  expect(stdout).toBe('');
  expect(code).toBe(1);
});
