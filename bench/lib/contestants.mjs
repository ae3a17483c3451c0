// Who takes part, and how each is called. The programs speak the same words (bench/README.md); Qt's has its own.
import { join } from 'node:path';
import { PSK, PSK_KEY_HEX, SUITE } from '../contestants/common.mjs';
import { contestantPrograms, peersBuild, qtBuild } from './paths.mjs';

const HOST = '127.0.0.1';
/** Messages a second that Qt's program, which counts messages and no time, may reach. */
const QT_FLOOD_RATE = 120_000;

const flags = (options) => Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
const node = (file) => [process.execPath, '--expose-gc', join(contestantPrograms, file)];
const peer = (file) => [join(peersBuild, file)];
const client =
  (program, extra = {}) =>
  (command, port, options) => [...program, command, HOST, String(port), ...flags({ ...options, ...extra })];
const server =
  (program, extra = {}) =>
  (options) => [...program, ...flags({ ...options, ...extra })];

const qtProgram = join(qtBuild, 'qdtlsbench');
const qtCommon = ['--cipher', SUITE, '--psk', PSK_KEY_HEX];

function qtClient(command, port, { size, seconds, window, associations = 1, count, concurrency }) {
  const options = {
    flood: { size, count: Math.round(seconds * QT_FLOOD_RATE) },
    echo: { size, seconds, clients: associations, window },
    handshake: { n: count, concurrency },
  };
  return [qtProgram, command, HOST, String(port), ...flags(options[command]), '--identity', PSK.identity, ...qtCommon];
}

/** Qt's figures by the names that the other programs give them. */
function readQt(line) {
  return {
    messages: line.sent ?? line.round_trips,
    handshakes: line.n ?? line.handshakes,
    seconds: line.seconds,
    messagesPerSecond: line.sent_per_s ?? line.msgs_per_s,
    handshakesPerSecond: line.handshakes_per_s,
    cpuUsPerMessage: line.client_cpu_us_per_op,
    cpuUsPerHandshake: line.client_cpu_us_per_op,
    p50Us: line.p50_us,
    p99Us: line.p99_us,
    lost: line.lost,
  };
}

/** Whether V8 compiles it while it runs. */
export const isJavaScript = (id) => id.startsWith('ours') || id === 'addon';

/** Who belongs to no contestant: the devices and the attackers of a server. */
export const fleet = (port, file, options) => [...peer('fleet'), HOST, String(port), ...flags({ ...options, file })];
export const hostile = (port, file, options) => [
  ...peer('hostile'),
  HOST,
  String(port),
  ...flags({ ...options, file }),
];

/**
 * `needs` names what must be there (peers.mjs), `client(command, port, options)` and `server(options)` make command
 * lines, and `read` turns a line of the client into the common names.
 */
export const contestants = {
  ours: { title: 'dtls-association', client: client(node('ours-client.mjs')), server: server(node('ours-server.mjs')) },
  'ours-dgram': {
    title: 'dtls-association (dgram)',
    client: client(node('ours-client.mjs'), { udp: 'dgram' }),
    server: server(node('ours-server.mjs'), { udp: 'dgram' }),
  },
  'ours-2-workers': {
    title: 'dtls-association (2 workers)',
    server: server(node('ours-server.mjs'), { workers: 2 }),
  },
  addon: { title: 'the addon alone', client: client(node('addon-client.mjs')) },
  'plain-c': {
    title: 'plain C (OpenSSL)',
    needs: ['c'],
    client: client(peer('plain-client')),
    server: server(peer('plain-server')),
  },
  gnutls: { title: 'plain C (GnuTLS)', needs: ['gnutls'], client: client(peer('gnutls-client')) },
  qt: {
    title: 'Qt',
    needs: ['qt'],
    client: qtClient,
    server: (options) => [qtProgram, 'server', ...flags(options), ...qtCommon],
    read: readQt,
  },
  'node-dtls-client': {
    title: 'node-dtls-client',
    needs: ['node-dtls-client'],
    client: client(node('node-dtls-client.mjs')),
  },
  'werift-dtls': {
    title: 'werift-dtls',
    needs: ['werift-dtls'],
    client: client(node('werift-dtls.mjs')),
    server: () => [...node('werift-dtls.mjs'), 'server'],
  },
  'udp-native': { title: 'UDP (batched socket)', client: client(node('udp-native.mjs')) },
  'udp-dgram': { title: 'UDP (dgram)', client: client(node('udp-dgram.mjs')) },
  crowd: { title: 'a crowd of devices', needs: ['c'], client: client(peer('crowd')) },
  'udp-server': { title: 'UDP server in C', needs: ['c'], server: server(peer('udp-server')) },
  'openssl-speed': { title: 'openssl speed', needs: ['openssl'] },
};
