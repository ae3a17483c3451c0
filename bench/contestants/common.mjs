// What the Node programs share: their command line (bench/README.md), the keys, the measured phase, the JSON line.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { npmPackages } from '../lib/paths.mjs';

export const SUITE = 'PSK-AES128-GCM-SHA256';
export const PSK_KEY_HEX = '1a2b3c4d5e6f';
export const PSK = { identity: 'bench', key: Buffer.from(PSK_KEY_HEX, 'hex') };
/** Room for a message of 1200 bytes. */
export const MTU = 1400;

const NUMBERS = [
  'size',
  'seconds',
  'window',
  'associations',
  'count',
  'warm-up',
  'concurrency',
  'workers',
  'receive-buffer',
];

/** `COMMAND HOST PORT` and the options, numbers as numbers. */
export function commandLine() {
  const options = Object.fromEntries(['mode', 'udp', 'port', ...NUMBERS].map((name) => [name, { type: 'string' }]));
  const { positionals, values } = parseArgs({ allowPositionals: true, options });
  for (const name of NUMBERS) if (values[name] !== undefined) values[name] = Number(values[name]);
  const [command, host, port] = positionals;
  return { ...values, command, host, port: Number(port ?? values.port ?? 0) };
}

/** Starts the measured phase; the function returned ends it and gives the figures of so many messages or handshakes. */
export function startPhase() {
  const cpuBegan = process.cpuUsage();
  const began = performance.now();
  return (count, noun) => {
    const seconds = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(cpuBegan);
    const Noun = noun[0].toUpperCase() + noun.slice(1);
    return {
      [`${noun}s`]: count,
      seconds,
      cpuSeconds: (user + system) / 1e6,
      [`${noun}sPerSecond`]: count / seconds,
      [`cpuUsPer${Noun}`]: (user + system) / count,
      maxRssKb: process.resourceUsage().maxRSS,
    };
  };
}

/** After a chance for V8 to give back what is garbage, when Node runs with --expose-gc. */
export function memory() {
  // The second collection frees what the finalizers of the first let go.
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rssKb: Math.round(rss / 1024), heapBytes: heapUsed + external };
}

export function printLine(result) {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

/** Imports one of the packages that the suite has installed for comparison. */
export function importPeer(specifier) {
  return import(pathToFileURL(createRequire(join(npmPackages, 'package.json')).resolve(specifier)));
}
