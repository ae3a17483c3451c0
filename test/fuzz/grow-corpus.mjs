// Regrows test/fuzz/corpus/: records handshakes of OpenSSL, GnuTLS, Qt and ours, writes them as inputs together with
// scripts of our own, and adds of these, of what `npm run fuzz` found, and of what was stored the smallest inputs that
// reach what all of them reach. Needs `npm run build`, `npm run fuzz`, openssl and gnutls-bin.
import { execFileSync, spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { scripts } from './seeds.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { connect, createServer } = createRequire(import.meta.url)(join(root, 'dist'));
const work = join(root, 'build', 'fuzz', 'grown');
const qt = join(process.env.DTLS_PEERS_DIR ?? join(root, '..', 'shared', 'peers'), 'qt');

// As the scenes of support/scenes.cc have them.
const IDENTITY = 'alice';
const KEY = Buffer.from('0123456789abcdef');
const KEY_HEX = KEY.toString('hex');
const SCENE = { psk: 0, certificate: 1, ecdhePsk: 2 };

const certFile = join(work, 'certificate.pem');
const keyFile = join(work, 'key.pem');
const psk = ['-psk', KEY_HEX, '-psk_identity', IDENTITY];
const gnutls = (exchange) => ['--udp', '--priority', `NORMAL:-VERS-ALL:+VERS-DTLS1.2:-KX-ALL:+${exchange}`];

/** Carries datagrams between one client and a server, and keeps them. */
async function relayTo(port) {
  const datagrams = [];
  const [front, back] = [dgram.createSocket('udp4'), dgram.createSocket('udp4')];
  let client;
  front.on('message', (bytes, { port }) => {
    client = port;
    datagrams.push({ from: 'client', bytes });
    back.send(bytes, relay.target, '127.0.0.1');
  });
  back.on('message', (bytes) => {
    datagrams.push({ from: 'server', bytes });
    front.send(bytes, client, '127.0.0.1');
  });
  front.bind(0, '127.0.0.1');
  await once(front, 'listening');
  const relay = {
    target: port,
    port: front.address().port,
    datagrams,
    close: () => [front, back].map((s) => s.close()),
  };
  return relay;
}

function start(command, args) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => {});
  return child;
}

async function freePort() {
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

/** Our client talks to a program; what both sent. */
async function withServer(command, args, options) {
  const port = await freePort();
  const child = start(command, args(port));
  await sleep(1500);
  const relay = await relayTo(port);
  const association = await connect({ host: '127.0.0.1', port: relay.port, handshakeTimeout: 5000, ...options });
  await association.send('from our client');
  await sleep(300);
  await association.close();
  await sleep(300);
  child.kill('SIGTERM');
  relay.close();
  return relay.datagrams;
}

/** A program, or our own client, talks to our server. */
async function withClient(run, options) {
  const server = createServer(options, (association) => association.on('message', (data) => association.send(data)));
  await server.listen({ port: 0, address: '127.0.0.1' });
  const relay = await relayTo(server.address().port);
  await run(relay.port);
  await server.close();
  relay.close();
  return relay.datagrams;
}

const program = (command, args) => async (port) => {
  const child = start(command, args(String(port)));
  await sleep(1500);
  child.stdin.end('from the client\n');
  await sleep(700);
  child.kill('SIGTERM');
};

async function record() {
  execFileSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-subj',
        '/CN=server.example',
      ],
      ...['-keyout', keyFile, '-out', certFile],
    ],
    { stdio: 'pipe' },
  );
  const identity = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  const ourPsk = { psk: { identity: IDENTITY, key: KEY }, ciphers: 'PSK-AES128-GCM-SHA256' };
  const ourTrust = { ca: identity.cert, servername: 'server.example' };
  const ourServer = { psk: { [IDENTITY]: KEY }, ciphers: 'PSK-AES128-GCM-SHA256:ECDHE-PSK-AES128-CBC-SHA256' };
  const s_server = (credentials) => (port) => ['s_server', '-dtls1_2', '-accept', `127.0.0.1:${port}`, ...credentials];
  const s_client = (credentials) => (port) => ['s_client', '-dtls1_2', '-connect', `127.0.0.1:${port}`, ...credentials];
  const passwords = join(work, 'gnutls.psk');
  writeFileSync(passwords, `${IDENTITY}:${KEY_HEX}\n`);
  const serv = (exchange, credentials) => (port) => [
    ...gnutls(exchange),
    '--echo',
    '--port',
    String(port),
    ...credentials,
  ];
  const cli = (exchange, credentials) => (port) => [...gnutls(exchange), '--port', port, ...credentials, '127.0.0.1'];
  const recordings = [
    ['openssl-server-psk', SCENE.psk, () => withServer('openssl', s_server(['-nocert', ...psk]), ourPsk)],
    [
      'openssl-server-certificate',
      SCENE.certificate,
      () =>
        withServer('openssl', s_server(['-cert', certFile, '-key', keyFile, '-Verify', '1']), {
          ...ourTrust,
          ...identity,
        }),
    ],
    ['gnutls-server-psk', SCENE.psk, () => withServer('gnutls-serv', serv('PSK', ['--pskpasswd', passwords]), ourPsk)],
    [
      'gnutls-server-certificate',
      SCENE.certificate,
      () =>
        withServer(
          'gnutls-serv',
          serv('ECDHE-ECDSA', ['--x509certfile', certFile, '--x509keyfile', keyFile]),
          ourTrust,
        ),
    ],
    ['openssl-client-psk', SCENE.psk, () => withClient(program('openssl', s_client(psk)), ourServer)],
    ['openssl-client-certificate', SCENE.certificate, () => withClient(program('openssl', s_client([])), identity)],
    [
      'gnutls-client-psk',
      SCENE.psk,
      () => withClient(program('gnutls-cli', cli('PSK', ['--pskusername', IDENTITY, '--pskkey', KEY_HEX])), ourServer),
    ],
    [
      'gnutls-client-certificate',
      SCENE.certificate,
      () => withClient(program('gnutls-cli', cli('ECDHE-ECDSA', ['--insecure'])), identity),
    ],
    ['ours-psk', SCENE.psk, () => withClient(ourClient(ourPsk), ourServer)],
    ['ours-certificate', SCENE.certificate, () => withClient(ourClient(ourTrust), identity)],
  ];
  if (existsSync(qt)) {
    const key = Buffer.from('1a2b3c4d5e6f', 'hex');
    recordings.push(
      [
        'qt-client',
        SCENE.ecdhePsk,
        () =>
          withClient(
            program(join(qt, 'run-client.sh'), (port) => ['127.0.0.1', port, '3']),
            { pskCallback: () => key },
          ),
      ],
      [
        'qt-server',
        SCENE.ecdhePsk,
        () => withServer(join(qt, 'start-server.sh'), (port) => [String(port)], { psk: { identity: IDENTITY, key } }),
      ],
    );
  }
  const done = [];
  for (const [name, scene, run] of recordings) {
    const datagrams = await run();
    console.log(`${name}: ${datagrams.length} datagrams`);
    done.push({ name, scene, datagrams });
  }
  return done;
}

const ourClient = (options) => async (port) => {
  const association = await connect({ host: '127.0.0.1', port, ...options });
  await association.send('from our client');
  await sleep(200);
  await association.close();
};

/** Of the inputs those that matter, into the folder that is stored. */
function merge(target, recordings) {
  const program = join(root, 'build', 'fuzz', 'sanitized', `fuzz_${target}`);
  const kept = join(root, 'test', 'fuzz', 'corpus', target);
  const fresh = join(work, `${target}.kept`);
  mkdirSync(fresh);
  mkdirSync(kept, { recursive: true });
  // What the peers said stays in full, and what was a finding once, whatever they reach.
  for (const name of recordings.filter((name) => existsSync(join(work, target, name)))) {
    copyFileSync(join(work, target, name), join(fresh, name));
  }
  for (const name of readdirSync(kept).filter((name) => name.startsWith('found-'))) {
    copyFileSync(join(kept, name), join(fresh, name));
  }
  execFileSync(program, ['-merge=1', fresh, join(work, target)], { stdio: 'pipe' });
  const found = [kept, join(root, 'build', 'fuzz', 'corpus', target)].filter(existsSync);
  execFileSync(program, ['-merge=1', '-use_counters=0', '-max_len=400', fresh, ...found], { stdio: 'pipe' });
  rmSync(kept, { recursive: true });
  renameSync(fresh, kept);
  const sizes = readdirSync(kept).map((file) => statSync(join(kept, file)).size);
  console.log(`${target}: ${sizes.length} inputs, ${sizes.reduce((sum, size) => sum + size, 0)} bytes`);
}

rmSync(work, { recursive: true, force: true });
mkdirSync(work, { recursive: true });
const recordings = await record();
for (const [target, inputs] of Object.entries(scripts(recordings))) {
  mkdirSync(join(work, target), { recursive: true });
  for (const [name, bytes] of Object.entries(inputs)) writeFileSync(join(work, target, name), bytes);
  merge(
    target,
    recordings.map(({ name }) => name),
  );
}
