import type { Authority, Certified } from '../pki';
import { IDENTITY, identityFiles, KEY_HEX, pemFile } from './credentials';
import { missing } from './debian';
import { PeerProcess, type PeerServer } from './process';

/** macOS has LibreSSL under this name, whose s_server has no DTLS with pre-shared keys. */
export const opensslProblem = missing("openssl version | grep '^OpenSSL 3'", ['openssl']);

const DTLS12 = '-dtls1_2';
export const PSK = ['-psk', KEY_HEX, '-psk_identity', IDENTITY];

/**
 * `openssl s_server`; by default with the pre-shared key and no certificate. It is told its port, for it sets
 * SO_REUSEADDR, and Linux may choose for such a socket the port of another one.
 */
export function opensslServer(
  args: readonly string[] = [],
  credentials = ['-nocert', ...PSK],
  version = DTLS12,
): Promise<PeerServer> {
  const all = (port: number) => ['s_server', version, '-accept', `127.0.0.1:${port}`, ...credentials, ...args];
  return PeerProcess.serveOn('openssl', all, /^ACCEPT$/m);
}

/** `openssl s_client`; by default with the pre-shared key. The end of its input makes it send close_notify. */
export function opensslClient(
  port: number,
  args: readonly string[] = [],
  credentials = PSK,
  version = DTLS12,
): PeerProcess {
  return new PeerProcess('openssl', ['s_client', version, '-connect', `127.0.0.1:${port}`, ...credentials, ...args]);
}

/** An own certificate of either program. */
export function opensslIdentity(certified: Certified): string[] {
  const { certFile, keyFile } = identityFiles(certified);
  // Of this file -cert takes the first certificate alone.
  const issuers = certified.chain.slice(certified.cert.length);
  return ['-cert', certFile, '-key', keyFile, ...(issuers === '' ? [] : ['-cert_chain', pemFile(issuers)])];
}

/** The authority that either program trusts. */
export function opensslTrust(authority: Authority): string[] {
  return ['-CAfile', pemFile(authority.cert)];
}
