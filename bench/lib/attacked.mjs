// One run of a server with a fleet of devices, first undisturbed and then while hostile datagrams come.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { threadsCpuSeconds } from './cpu-meter.mjs';
import { runAlone } from './pair.mjs';
import { Program } from './program.mjs';
import { kernelDrops, queueEmpty } from './udp-sockets.mjs';

/**
 * `server`, `fleet` and `hostile` are `{ name, argv }`; `fleet.argv` takes the port and a file name, `hostile.argv` these
 * and a number of datagrams: some thousand warm up, then come `count`. Gives two phases, `quiet` and `attacked`: what
 * fleet and server told, each with the difference that the phase made to `cpuSeconds` and `kernelDrops` of the server.
 */
export async function runAttacked({ server, fleet, hostile, quietSeconds, warmUpCount, count, limitMs }) {
  const folder = mkdtempSync(join(tmpdir(), 'dtls-fleet-'));
  const file = join(folder, 'captured');
  const listener = new Program(server.name, server.argv, limitMs);
  let devices;
  try {
    const port = await listener.ready();
    devices = new Program(fleet.name, fleet.argv(port, file), limitMs);
    await devices.json();
    const send = (datagrams) => runAlone({ name: hostile.name, argv: hostile.argv(port, file, datagrams), limitMs });
    const programs = { listener, port, devices };
    await phase(programs, () => send(warmUpCount));
    const quiet = await phase(programs, () => passing(quietSeconds));
    const attacked = await phase(programs, () => send(count));
    return { quiet, attacked };
  } finally {
    await Promise.all([devices?.stop(), listener.stop()]);
    rmSync(folder, { recursive: true });
  }
}

async function phase({ listener, port, devices }, during) {
  const before = await listener.ask('SIGUSR1');
  const drops = kernelDrops(port);
  const cpu = threadsCpuSeconds(listener.pid);
  devices.signal('SIGUSR2');
  const hostile = await during();
  const fleet = await devices.ask('SIGUSR1');
  await queueEmpty(port);
  const cpuSeconds = threadsCpuSeconds(listener.pid) - cpu;
  const dropped = kernelDrops(port) - drops;
  const after = await listener.ask('SIGUSR1');
  return { before, after, fleet, hostile, cpuSeconds, kernelDrops: dropped };
}

const passing = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
