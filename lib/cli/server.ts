import { createServer, type DtlsAssociation, type DtlsServer, QT_EXAMPLE_KEY, type ServerOptions } from '../index';
import type { Report } from './events';
import { keylogWriter } from './keylog';
import { type PeerFlags, sessionOptions, toMs } from './options';
import { chooseKey } from './psk';
import { stopRequested } from './stop';
import { watchServer } from './watch';

export interface ServerFlags extends PeerFlags {
  address: string;
  port: number;
  pskHint: string;
  echo?: true;
  /** Seconds. */
  idleTimeout?: number;
}

/** Qt's server example as a command. Returns the exit code: 0 when it served until it was told to end. */
export async function runServer(flags: ServerFlags, report: Report): Promise<number> {
  const { address, port } = flags;
  const key = chooseKey(flags);
  const keylog = keylogWriter(flags.keylog);
  const server = createServer(serverOptions(flags, key), (association) => {
    association.on('message', (data) => answer(association, flags.echo ? data : acknowledgement(association), report));
  });
  watchServer(server, report);
  if (keylog !== undefined) server.on('keylog', keylog);
  const failed = new Promise<Error>((resolve) => {
    server.on('error', resolve);
  });
  const stop = stopRequested(flags.duration);
  await server.listen({ port, address });
  reportListening(server, report);
  if (key === QT_EXAMPLE_KEY && !isLoopback(address)) warnOfExampleKey(report);
  const failure = await Promise.race([stop, failed]);
  await server.close();
  if (failure !== undefined) throw failure;
  return 0;
}

/** What Qt's server example answers; the name of a server's association is its peer's "(address:port)". */
export function acknowledgement({ name }: DtlsAssociation): string {
  return `to ${name}: ACK`;
}

export function reportListening(server: DtlsServer, report: Report): void {
  const { address, port } = server.address();
  report({ event: 'listening', address, port });
}

export function answer(association: DtlsAssociation, data: string | Uint8Array, report: Report): void {
  try {
    association.send(data);
  } catch (error) {
    const message = `${association.name}: cannot answer - ${(error as Error).message}`;
    report({ event: 'warning', association: association.name, message });
  }
}

function serverOptions(flags: ServerFlags, key: Uint8Array): ServerOptions {
  const { pskIdentity, pskHint, idleTimeout } = flags;
  return {
    ...(pskIdentity === undefined ? { pskCallback: () => key } : { psk: { [pskIdentity]: key } }),
    pskIdentityHint: pskHint,
    keylog: flags.keylog !== undefined,
    ...(idleTimeout !== undefined && { idleTimeout: toMs(idleTimeout) }),
    ...sessionOptions(flags),
  };
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

function warnOfExampleKey(report: Report): void {
  const message =
    "This server is open to everybody: it uses the key of Qt's examples, which is public. Give it one of your own " +
    'with --psk-file or DTLS_PSK.';
  report({ event: 'warning', message });
}
