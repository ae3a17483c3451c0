import {
  type ConnectOptions,
  connect,
  createServer,
  type DtlsAssociation,
  type DtlsServer,
  type ListenOptions,
  type ServerOptions,
} from '../../lib';
import { closeLater, key, psk } from './pair';

/** A server on a port of its own that sends back what it gets. */
export async function echoServer(
  options: Partial<ServerOptions> = {},
  { address = '127.0.0.1', port = 0, ...listen }: Partial<ListenOptions> = {},
): Promise<{ server: DtlsServer; port: number }> {
  const server = closeLater(createServer({ psk: { alice: key }, ...options }));
  server.on('secureConnection', (peer) => peer.on('message', (data) => peer.send(data)));
  await server.listen({ port, address, ...listen });
  return { server, port: server.address().port };
}

export async function open(port: number, options: Partial<ConnectOptions> = {}): Promise<DtlsAssociation> {
  return closeLater(await connect({ host: '127.0.0.1', port, psk, ...options }));
}

/** What comes back for a message. */
export function ask(association: DtlsAssociation, text: string): Promise<string> {
  return new Promise((resolve) => {
    association.once('message', (data) => resolve(data.toString()));
    association.send(text);
  });
}
