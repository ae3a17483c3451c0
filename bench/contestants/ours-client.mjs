// dtls-association as a client: flood, echo, handshake, hold.
import { once } from 'node:events';
import { connect, createSecureContext } from 'dtls-association';
import { commandLine, MTU, memory, PSK, printLine, SUITE, startPhase } from './common.mjs';
import { echo, flood } from './load.mjs';

/** Associations that `echo` and `hold` open at a time. */
const OPENING = 32;
/** The first of a process, while V8 compiles. */
const COLD_HANDSHAKES = 1000;

const {
  command,
  host,
  port,
  udp,
  size,
  seconds,
  window,
  associations = 1,
  count,
  concurrency,
  'warm-up': warmUp = 1,
} = commandLine();
const secureContext = createSecureContext({ psk: PSK, ciphers: SUITE });
const open = () => connect({ host, port, secureContext, mtu: MTU, ...(udp && { udp }) });

/** Calls `job` so many times, `lanes` of them at a time. */
async function repeat(times, lanes, job) {
  let begun = 0;
  const lane = async () => {
    while (begun < times) {
      begun++;
      await job();
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function openAll() {
  const opened = [];
  await repeat(associations, OPENING, async () => opened.push(await open()));
  return opened;
}

const commands = {
  async flood() {
    const association = await open();
    const message = Buffer.alloc(size, 'm');
    const send = () => association.send(message);
    printLine(await flood({ send, onDrain: (resume) => association.on('drain', resume), seconds }));
    await association.close();
  },

  async echo() {
    const opened = await openAll();
    const send = (i, message) => opened[i].send(message);
    const { replied, result } = echo({ send, size, count: opened.length, window, seconds });
    for (const association of opened) association.on('message', replied);
    printLine(await result);
    await Promise.all(opened.map((association) => association.close()));
  },

  async handshake() {
    const handshake = async () => (await open()).close();
    const cold = Math.min(COLD_HANDSHAKES, warmUp);
    const endCold = startPhase();
    await repeat(cold, concurrency, handshake);
    const { cpuUsPerHandshake: coldCpuUsPerHandshake } = endCold(cold, 'handshake');
    await repeat(warmUp - cold, concurrency, handshake);
    const endPhase = startPhase();
    await repeat(count, concurrency, handshake);
    printLine({ ...endPhase(count, 'handshake'), coldCpuUsPerHandshake });
  },

  async hold() {
    await (await open()).close();
    const before = memory();
    const opened = await openAll();
    const after = memory();
    const terminated = once(process, 'SIGTERM');
    printLine({
      associations: opened.length,
      rssKbBefore: before.rssKb,
      rssKbAfter: after.rssKb,
      heapBytesBefore: before.heapBytes,
      heapBytesAfter: after.heapBytes,
    });
    await terminated;
    await Promise.all(opened.map((association) => association.close()));
  },
};

await commands[command]();
