import dgram from 'node:dgram';
import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import type { LookupFunction } from '../../lib';
import { closeLater } from './pair';

/** An address of this machine beside 127.0.0.1; of the 127/8 that others have, macOS has only the one. */
export const secondAddress = process.platform === 'darwin' ? '::1' : '127.0.0.2';

/** A resolver that answers with these addresses, in this order. */
export const lookupOf =
  (...addresses: string[]): LookupFunction =>
  (_host, _options, callback) =>
    callback(
      null,
      addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
    );

/** A host that has both addresses. */
export const both = { host: 'dtls.example', lookup: lookupOf('127.0.0.1', secondAddress) };

export const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

/** A free port that the system gives to nobody who has not asked for it: below the ephemeral ones. */
export function ownPort(): number {
  return 23_000 + (process.pid % 9000);
}

/** A plain socket that answers nothing. */
export async function udpSocket(port = 0, address = '127.0.0.1'): Promise<dgram.Socket> {
  const socket = dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.bind(port, address);
  await once(socket, 'listening');
  // ICMP messages for what a test sends into the void.
  socket.on('error', () => {});
  closeLater({ close: () => new Promise<void>((resolve) => void socket.close(resolve)) });
  return socket;
}

/**
 * A port on which nothing listens, and that nobody else gets: a socket that is connected elsewhere has it, which the
 * kernel does not take into account for other senders.
 */
export async function refusingPort(address = '127.0.0.1'): Promise<number> {
  const socket = await udpSocket(0, address);
  socket.connect(9, address);
  await once(socket, 'connect');
  return socket.address().port;
}

/** A way to the server on which `noise` arrives before each datagram, in both directions: its end for the client. */
export async function pathTo(serverPort: number, ...noise: Buffer[]): Promise<dgram.Socket> {
  const [front, back] = [await udpSocket(), await udpSocket()];
  let client = 0;
  front.on('message', (bytes, { port }) => {
    client = port;
    for (const each of [...noise, bytes]) back.send(each, serverPort, '127.0.0.1');
  });
  back.on('message', (bytes) => {
    for (const each of [...noise, bytes]) front.send(each, client, '127.0.0.1');
  });
  return front;
}
