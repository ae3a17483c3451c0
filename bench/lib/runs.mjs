// What the runs of the cases consist of. Each function gives a run: called with a bench (bench.mjs), it brings figures.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { isJavaScript } from './contestants.mjs';
import { RunFailure } from './program.mjs';

/** Long enough for a stable rate, short enough for a suite of ten minutes. */
const SECONDS = 0.6;

/**
 * Before those that count, when one side is JavaScript: V8 has compiled everything by then, as in a process that has run
 * for a while. Programs in C have no need of it.
 */
const WARM_UP_HANDSHAKES = 5000;

const MANY_ASSOCIATIONS = 1000;
/** Hostile datagrams before those that count: V8 has compiled then what deals with them. */
const WARM_UP_COUNT = 15_000;
/** Where the program takes none by itself: what Linux lets anybody have who raises net.core.rmem_max a little. */
const RECEIVE_BUFFERS = { ours: { 'receive-buffer': 4 * 1024 * 1024 } };

const pick = (line, ...names) => Object.fromEntries(names.map((name) => [name, line[name] ?? undefined]));
const perMessage = (seconds, messages) => (seconds === undefined ? undefined : (seconds * 1e6) / messages);

/** One association, one way, as fast as it goes. The server receives and no more, so that it holds nobody up. */
export function flood(client, { size, server = 'plain-c', mode = 'discard-merged' }) {
  return async (bench) => {
    const { result, counters } = await bench.pair({
      server: { id: server, mode },
      client: { id: client, command: 'flood', size, seconds: bench.seconds(SECONDS) },
    });
    const arrived = Math.max(counters.datagrams ?? 0, counters.messages ?? 0);
    const deliveredPercent = Math.min(100, (100 * arrived) / (result.sent ?? result.messages));
    return { ...pick(result, 'messagesPerSecond', 'cpuUsPerMessage'), deliveredPercent };
  };
}

/** Messages there and back, `window` of them in flight over all associations. */
export function echo(client, { size = 100, window = 64, associations = 1, server = 'plain-c' }) {
  return async (bench) => {
    const many = associations > 1 ? { associations } : {};
    const { result, serverCpuSeconds, serverGrowthBytes } = await bench.pair({
      server: { id: server, mode: 'echo' },
      client: { id: client, command: 'echo', size, window, seconds: bench.seconds(SECONDS), ...many },
    });
    return {
      ...pick(result, 'messagesPerSecond', 'cpuUsPerMessage', 'p50Us', 'p99Us', 'lost'),
      serverCpuUsPerMessage: perMessage(serverCpuSeconds, result.messages),
      // Of few associations it is that of everything else.
      serverRssBytes: associations < MANY_ASSOCIATIONS ? undefined : serverGrowthBytes / associations,
    };
  };
}

/** Full handshakes, eight at a time. */
export function handshakes(client, { server = 'plain-c', count = 3000 }) {
  return async (bench) => {
    const warmUp = [client, server].some(isJavaScript) ? { 'warm-up': bench.count(WARM_UP_HANDSHAKES) } : {};
    const { result, serverCpuSeconds } = await bench.pair({
      server: { id: server, mode: 'echo' },
      client: { id: client, command: 'handshake', count: bench.count(count), concurrency: 8, ...warmUp },
    });
    return {
      ...pick(result, 'handshakesPerSecond', 'coldCpuUsPerHandshake'),
      handshakesPerCpuSecond: 1e6 / result.cpuUsPerHandshake,
      serverCpuUsPerHandshake: perMessage(serverCpuSeconds, result.handshakes),
    };
  };
}

/** Associations that are open and idle, in the client and in the server. */
export function hold(contestant, { associations }) {
  return async (bench) => {
    const count = bench.count(associations);
    const { result, before, after } = await bench.hold({
      server: { id: contestant, mode: 'echo' },
      client: { id: contestant, command: 'hold', associations: count },
    });
    if (after.associations < count)
      throw new RunFailure(`only ${after.associations} of ${count} associations are open`);
    return {
      clientRssBytes: ((result.rssKbAfter - result.rssKbBefore) * 1024) / count,
      clientHeapBytes: (result.heapBytesAfter - result.heapBytesBefore) / count,
      serverRssBytes: ((after.rssKb - before.rssKb) * 1024) / count,
      serverHeapBytes: (after.heapBytes - before.heapBytes) / count,
    };
  };
}

/**
 * Hostile datagrams against a server whose devices send messages at a steady rate. What the server counted of the
 * datagrams that the kernel gave it, it has dealt with; one that is in no counter is lost.
 */
export function hostile(
  server,
  { count, kind, rate, associations, messagesPerSecond, newcomers = 0, quietSeconds = 1 },
) {
  return async (bench) => {
    const { quiet, attacked } = await bench.attacked({
      server: { id: server, mode: 'echo', ...RECEIVE_BUFFERS[server] },
      fleet: { associations, rate: messagesPerSecond, newcomers },
      hostile: { kind, rate },
      quietSeconds: bench.seconds(quietSeconds),
      warmUpCount: bench.count(WARM_UP_COUNT),
      count: bench.count(count),
    });
    const { fleet, hostile: sent, before, after, kernelDrops, cpuSeconds } = attacked;
    const cpuPerMessage = quiet.cpuSeconds / quiet.fleet.messages;
    const read = fleet.datagrams + sent.datagrams - kernelDrops;
    const counted = after.counted === undefined ? undefined : after.counted - before.counted;
    return {
      hostilePerSecond: sent.datagrams / sent.seconds,
      remainingPercent: (100 * fleet.messagesPerSecond) / quiet.fleet.messagesPerSecond,
      lost: fleet.sent - fleet.messages,
      kernelDrops: kernelDrops + fleet.kernelDrops,
      uncounted: counted === undefined ? undefined : read - counted,
      serverCpuUsPerHostile: ((cpuSeconds - cpuPerMessage * fleet.messages) * 1e6) / (sent.datagrams - kernelDrops),
      serverRssGrowthBytes: (after.rssKb - before.rssKb) * 1024,
      ...newcomersOf(fleet),
    };
  };
}

function newcomersOf({ newcomers, newcomersConnected, connectP50Us }) {
  return newcomers === 0 ? {} : { connectedPercent: (100 * newcomersConnected) / newcomers, connectP50Us };
}

/** AES-GCM on messages of one size with the 13 bytes that a record authenticates besides (RFC 5246 section 6.2.3.3). */
export function opensslSpeed({ size }) {
  return async (bench) => {
    const seconds = String(Math.ceil(bench.seconds(1)));
    const args = ['speed', '-mr', '-seconds', seconds, '-bytes', String(size), '-aead', '-evp', 'aes-128-gcm'];
    const { stdout } = await promisify(execFile)('openssl', args, { timeout: bench.limitMs }).catch((error) => {
      throw new RunFailure(error.message);
    });
    const bytesPerSecond = Number(/^\+F:.*:([\d.]+)$/m.exec(stdout)?.[1]);
    if (!(bytesPerSecond > 0)) throw new RunFailure('openssl speed said nothing that can be read');
    return { sealUs: (size * 1e6) / bytesPerSecond };
  };
}
