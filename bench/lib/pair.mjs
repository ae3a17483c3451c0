// One run: a server, a client against it, both processes of their own that end with it.
import { CpuMeter } from './cpu-meter.mjs';
import { Program } from './program.mjs';
import { residentBytes } from './resident-memory.mjs';

/**
 * `server` is `{ name, argv }`, `client` the same with `argv` a function of the port. Gives the client's line, the
 * server's counters at its end, the server's CPU time over the client's measured phase, and by how much its memory had
 * grown then.
 */
export async function runPair({ server, client, limitMs }) {
  const listener = new Program(server.name, server.argv, limitMs);
  let caller;
  let meter;
  try {
    const port = await listener.ready();
    meter = new CpuMeter(listener.pid);
    const bytesBefore = residentBytes(listener.pid);
    caller = new Program(client.name, client.argv(port), limitMs);
    const result = await caller.json();
    const serverCpuSeconds = result.seconds === undefined ? undefined : meter.lastSeconds(result.seconds);
    const serverGrowthBytes = residentBytes(listener.pid) - bytesBefore;
    await caller.end();
    const counters = await listener.ask('SIGTERM');
    return { result, counters, serverCpuSeconds, serverGrowthBytes };
  } finally {
    meter?.stop();
    await Promise.all([caller?.stop(), listener.stop()]);
  }
}

/** As `runPair` for clients that hold their associations: what the server is like before, and with all of them. */
export async function runHold({ server, client, limitMs }) {
  const listener = new Program(server.name, server.argv, limitMs);
  let caller;
  try {
    const port = await listener.ready();
    const before = await listener.ask('SIGUSR1');
    caller = new Program(client.name, client.argv(port), limitMs);
    const result = await caller.json();
    const after = await listener.ask('SIGUSR1');
    return { result, before, after };
  } finally {
    await caller?.stop();
    await listener.stop();
  }
}

/** Runs one program for its line of JSON. */
export async function runAlone({ name, argv, limitMs }) {
  const program = new Program(name, argv, limitMs);
  try {
    return await program.json();
  } finally {
    await program.stop();
  }
}
