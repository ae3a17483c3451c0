// What the kernel holds for a port, and what it had no room for. Linux only, as is who asks for it.
import { readFileSync } from 'node:fs';

const LOCAL_ADDRESS = 1;
const QUEUES = 4;
const MS_BETWEEN_LOOKS = 5;

/** Datagrams dropped by the UDP sockets that are open on a port now, over IPv4. */
export function kernelDrops(port) {
  return udpSockets(port).drops;
}

/** Resolves when the port's owner has read all that came. */
export async function queueEmpty(port) {
  while (udpSockets(port).queuedBytes > 0) await new Promise((resolve) => setTimeout(resolve, MS_BETWEEN_LOOKS));
}

/** From the file of that name, in proc_net(5). */
export function udpSockets(port, udp = readFileSync('/proc/net/udp', 'utf8')) {
  const rows = udp.trim().split('\n').slice(1);
  const columns = rows.map((row) => row.trim().split(/\s+/));
  const local = columns.filter((row) => afterColon(row[LOCAL_ADDRESS]) === port);
  const sum = (value) => local.reduce((total, row) => total + value(row), 0);
  return { queuedBytes: sum((row) => afterColon(row[QUEUES])), drops: sum((row) => Number(row.at(-1))) };
}

const afterColon = (text) => Number.parseInt(text.split(':')[1], 16);
