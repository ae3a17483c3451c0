// What the runs of the cases consist of. Each function gives a run: called with a bench (bench.mjs), it brings figures.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { RunFailure } from './program.mjs';

/** Long enough for a stable rate, short enough for a suite of ten minutes. */
const SECONDS = 0.7;

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
    const { result, serverCpuSeconds } = await bench.pair({
      server: { id: server, mode: 'echo' },
      client: { id: client, command: 'echo', size, window, seconds: bench.seconds(SECONDS), ...many },
    });
    const serverCpuUsPerMessage = perMessage(serverCpuSeconds, result.messages);
    return { ...pick(result, 'messagesPerSecond', 'cpuUsPerMessage', 'p50Us', 'p99Us', 'lost'), serverCpuUsPerMessage };
  };
}

/** Full handshakes, eight at a time. */
export function handshakes(client, { server = 'plain-c', count = 3000 }) {
  return async (bench) => {
    const { result, serverCpuSeconds } = await bench.pair({
      server: { id: server, mode: 'echo' },
      client: { id: client, command: 'handshake', count: bench.count(count), concurrency: 8 },
    });
    return {
      ...pick(result, 'handshakesPerSecond'),
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
