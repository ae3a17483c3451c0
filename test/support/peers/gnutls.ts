import { writeFileSync } from 'node:fs';
import type { Authority, Certified } from '../pki';
import { IDENTITY, identityFiles, KEY_HEX, pemFile, scratchFile } from './credentials';
import { missing, programs } from './debian';
import { PeerProcess, type PeerServer } from './process';

/** OpenSSL makes the certificate of a server that has nothing else. */
export const gnutlsProblem = missing(programs('gnutls-serv', 'gnutls-cli', 'openssl'), ['gnutls-bin', 'openssl']);

const DTLS12 = 'NORMAL:-VERS-ALL:+VERS-DTLS1.2';
/** Of the suites CCM8 and CBC with SHA-2, which are not among GnuTLS's defaults. */
const MORE_SUITES = '+AES-128-CCM:+AES-128-CCM-8:+SHA256:+SHA384';

/** Key exchanges as GnuTLS writes them, "+PSK:+DHE-PSK" say. */
export function priority(keyExchanges: string): string[] {
  return ['--priority', `${DTLS12}:-KX-ALL:${keyExchanges}:${MORE_SUITES}`];
}

/** What GnuTLS does without pre-shared keys. */
export const CERTIFICATES_ONLY = ['--priority', DTLS12];

/** `gnutls-serv` as an echo server; by default with the pre-shared key. It serves one client after another. */
export function gnutlsServer(
  args: readonly string[] = priority('+ECDHE-PSK:+DHE-PSK:+PSK'),
  credentials = pskFile(),
): Promise<PeerServer> {
  return PeerProcess.serveOn(
    'gnutls-serv',
    (port) => ['--udp', '--echo', '--port', String(port), ...credentials, ...args],
    /^UDP Echo Server listening on IPv4 \S+ port \d+\.\.\.done$/m,
  );
}

let passwordFile: string | undefined;

/** Written once: a server reads it at each handshake, and would not find the identity while it is written anew. */
export function pskFile(): string[] {
  if (passwordFile === undefined) {
    passwordFile = scratchFile('gnutls.psk');
    writeFileSync(passwordFile, `${IDENTITY}:${KEY_HEX}\n`);
  }
  return ['--pskpasswd', passwordFile];
}

/**
 * `gnutls-cli`; by default with the pre-shared key. The end of its input makes it send close_notify. It offers plain
 * PSK alone: version 3.7.9 crashes after a handshake with ECDHE-PSK or DHE-PSK, when it prints what it negotiated.
 */
export function gnutlsClient(
  port: number,
  args: readonly string[] = priority('+PSK'),
  credentials = pskOption(),
): PeerProcess {
  return new PeerProcess('gnutls-cli', ['--udp', '--port', String(port), ...credentials, ...args, '127.0.0.1']);
}

export function pskOption({ identity = IDENTITY, keyHex = KEY_HEX } = {}): string[] {
  return ['--pskusername', identity, '--pskkey', keyHex];
}

/** An own certificate of either program. */
export function gnutlsIdentity(certified: Certified): string[] {
  const { certFile, keyFile } = identityFiles(certified);
  return ['--x509certfile', certFile, '--x509keyfile', keyFile];
}

/** The authority that either program trusts. */
export function gnutlsTrust(authority: Authority): string[] {
  return ['--x509cafile', pemFile(authority.cert)];
}
