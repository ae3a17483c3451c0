import { afterEach } from '@jest/globals';
import {
  type ConnectOptions,
  connect,
  createEndpoint,
  createServer,
  type DtlsAssociation,
  type DtlsEndpoint,
  type DtlsServer,
  type EndpointOptions,
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

const endpoints: DtlsEndpoint[] = [];

// The associations are closed by now: this hook runs behind that of pair.ts, which is imported above.
afterEach(async () => {
  await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()));
});

/** An endpoint on 127.0.0.1; closed when the test is over, behind its associations. */
export async function sharedEndpoint(options: EndpointOptions = {}): Promise<DtlsEndpoint> {
  const address = options.socket === undefined ? { localAddress: '127.0.0.1' } : {};
  const endpoint = await createEndpoint({ ...address, ...options });
  endpoints.push(endpoint);
  return endpoint;
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
