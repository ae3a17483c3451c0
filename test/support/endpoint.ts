import type { RemoteAddress } from '../../lib/address';
import type { EndpointEvents, PeerReceiver, UdpConfig } from '../../lib/endpoints/endpoint';
import { NativeEndpoint } from '../../lib/endpoints/native-endpoint';
import { parseSocket, type SocketOptions } from '../../lib/options/socket';
import { type FakeUdpSocket, fakeUdpSockets } from './fake-udp-socket';

export function udpConfig({
  options = {},
  ...config
}: Partial<UdpConfig> & { options?: SocketOptions & { reusePort?: boolean } } = {}): UdpConfig {
  return {
    address: '127.0.0.1',
    port: 0,
    family: 4,
    socket: parseSocket(options),
    sendHighWaterMark: 65_536,
    ...config,
  };
}

export function ipv4(port: number, address = '192.0.2.7'): RemoteAddress & { family: 'IPv4' } {
  return { address, port, family: 'IPv4' };
}

/** Notes what it is told. */
export class Receiver implements PeerReceiver {
  readonly texts: string[] = [];
  readonly errors: Array<[error: Error, fatal: boolean]> = [];
  drains = 0;
  onDatagram: () => void = () => {};

  datagram(bytes: Uint8Array, offset: number, length: number): void {
    this.texts.push(Buffer.from(bytes.subarray(offset, offset + length)).toString('latin1'));
    this.onDatagram();
  }

  drained(): void {
    this.drains++;
  }

  failed(error: Error, fatal: boolean): void {
    this.errors.push([error, fatal]);
  }
}

/** Events that nobody wants to hear of. */
export const ignored: EndpointEvents = { stranger: () => {}, failed: () => {} };

/** A native endpoint over a socket whose kernel is the test. */
export async function openFake(
  config: Partial<UdpConfig> = {},
  remote?: RemoteAddress,
): Promise<{ endpoint: NativeEndpoint; socket: FakeUdpSocket; strangers: string[] }> {
  const sockets = fakeUdpSockets();
  const endpoint = new NativeEndpoint(udpConfig(config), remote);
  const strangers: string[] = [];
  await endpoint.open({
    ...ignored,
    stranger: (bytes, { address, port }) => strangers.push(`${Buffer.from(bytes)} of ${address}|${port}`),
  });
  return { endpoint, socket: sockets[0] as FakeUdpSocket, strangers };
}

/** The rest of this turn of the event loop, and the next one. */
export const nextTick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
export async function nextTurn(): Promise<void> {
  await nextTick();
  await new Promise(setImmediate);
}
