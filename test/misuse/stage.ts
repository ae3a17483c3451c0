import { once } from 'node:events';
import { afterEach } from '@jest/globals';
import {
  type ConnectOptions,
  createServer,
  type DtlsAssociation,
  DtlsError,
  type DtlsServer,
  type ServerOptions,
} from '../../lib';
import { Link, type LinkClient } from '../support/link';
import { endpointClient } from '../support/link-endpoint';
import { client, closeLater, key, patient, psk } from '../support/pair';

/** Who is there when a function of the user's is called: the association that it is about, and one that has no part. */
export interface Stage {
  link: Link;
  server: DtlsServer;
  /** The client's side; whoever has no part in it has been open before. */
  subject: DtlsAssociation;
  /** Of a subject on a transport of its own. */
  transport: LinkClient;
  controller: AbortController;
  bystander: { client: DtlsAssociation; peer: DtlsAssociation };
  /** The server's side, when its handshake is complete. */
  readonly peer: DtlsAssociation | undefined;
}

export interface Setup {
  server?: Partial<ServerOptions>;
  client?: Partial<ConnectOptions>;
  /** On an endpoint, which can be opened again, instead of a transport of its own. */
  onEndpoint?: boolean;
  onAssociation?: (association: DtlsAssociation) => void;
}

/** What nobody has caught. */
export const uncaught: unknown[] = [];

export function catchUncaught(): void {
  uncaught.length = 0;
  process.setUncaughtExceptionCaptureCallback((error) => uncaught.push(error));
}

afterEach(() => {
  process.setUncaughtExceptionCaptureCallback(null);
});

/** The server listens, and the bystander is open; the subject has not started. */
export async function setStage(setup: Setup, beforeListening: (server: DtlsServer) => void): Promise<Stage> {
  const link = new Link();
  const server = closeLater(createServer({ psk: { alice: key }, ...patient, ...setup.server }, setup.onAssociation));
  beforeListening(server);
  await server.listen({ transport: link.server });
  const one = client(link, { psk });
  const [[peer]] = await Promise.all([
    once(server, 'secureConnection') as Promise<[DtlsAssociation]>,
    one.startHandshake().opened,
  ]);
  const controller = new AbortController();
  const transport = link.client();
  const options = { signal: controller.signal, ...setup.client };
  const subject = setup.onEndpoint
    ? endpointClient(link, options).client
    : client(link, { transport, ...options, ...(options.ca === undefined ? {} : { psk: undefined }) });
  for (const association of [one, peer, subject]) void association.closed;
  server.on('error', () => {});
  await link.quiet();
  return {
    ...{ link, server, subject, transport, controller, bystander: { client: one, peer } },
    get peer() {
      return [...server.associations].find((association) => association !== peer);
    },
  };
}

/** Does what may be refused because it comes too late, or too early. */
export function attempt(use: () => unknown): unknown {
  try {
    return use();
  } catch (error) {
    if (DtlsError.is(error) && ['ERR_DTLS_STATE', 'ERR_DTLS_MESSAGE_SIZE'].includes(error.code)) return undefined;
    throw error;
  }
}
