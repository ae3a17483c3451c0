import { createServer, type DtlsAssociation, type DtlsServer, QT_EXAMPLE_KEY, type ServerOptions } from '../index';
import {
  type CertificateFlags,
  identityOptions,
  insecureWarning,
  usesCertificates,
  verificationOptions,
} from './certificates';
import type { Report } from './events';
import { keylogWriter } from './keylog';
import { type PeerFlags, peerOptions, toMs } from './options';
import { PcapFile } from './pcap';
import { chooseKey } from './psk';
import { stopRequested } from './stop';
import { UsageError } from './usage-error';
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
  checkCertificates(flags);
  const key = chooseKey(flags, usesCertificates(flags));
  const keylog = keylogWriter(flags.keylog);
  const options = serverOptions(flags, key);
  // The last, for it empties its file.
  const pcap = flags.pcap === undefined ? undefined : new PcapFile(flags.pcap, report);
  const server = createServer({ ...options, capture: pcap?.capture }, (association) => {
    association.on('message', (data) => answer(association, flags.echo ? data : acknowledgement(association), report));
  });
  watchServer(server, report);
  if (keylog !== undefined) server.on('keylog', keylog);
  const failed = new Promise<Error>((resolve) => {
    server.on('error', resolve);
  });
  const stop = stopRequested(flags.duration);
  let failure: Error | undefined;
  let isRecorded = true;
  try {
    await server.listen({ port, address });
    reportListening(server, report);
    if (flags.insecure) report(insecureWarning('each client'));
    if (key === QT_EXAMPLE_KEY && !isLoopback(address)) warnOfExampleKey(report);
    failure = (await Promise.race([stop, failed])) ?? undefined;
  } finally {
    await server.close();
    isRecorded = (await pcap?.close()) ?? true;
  }
  if (failure !== undefined) throw failure;
  return isRecorded ? 0 : 1;
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

function serverOptions(flags: ServerFlags, key: Uint8Array | undefined): ServerOptions {
  const { requestCert, idleTimeout } = flags;
  return {
    ...(key !== undefined && pskOptions(flags, key)),
    ...identityOptions(flags),
    ...verificationOptions(flags),
    ...(requestCert && { requestCert }),
    keylog: flags.keylog !== undefined,
    ...(idleTimeout !== undefined && { idleTimeout: toMs(idleTimeout) }),
    ...peerOptions(flags),
  };
}

function pskOptions({ pskIdentity, pskHint }: ServerFlags, key: Uint8Array): ServerOptions {
  const keys = pskIdentity === undefined ? { pskCallback: () => key } : { psk: { [pskIdentity]: key } };
  return { ...keys, pskIdentityHint: pskHint };
}

/** Flags that would do nothing must not make anybody feel safe. */
function checkCertificates(flags: CertificateFlags): void {
  const { cert, ca, insecure, requestCert, fingerprint } = flags;
  if (cert === undefined && usesCertificates(flags)) {
    throw new UsageError('--cert is missing: a server that uses certificates has one of its own.');
  }
  if (requestCert || fingerprint !== undefined || (ca === undefined && !insecure)) return;
  const flag = insecure ? '--insecure' : '--ca';
  throw new UsageError(`${flag}: clients are not asked for a certificate; add --request-cert.`);
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
