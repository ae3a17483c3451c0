import { IDENTITY, KEY_HEX } from './credentials';
import { missing } from './debian';
import { PeerProcess, type PeerServer } from './process';

/** macOS has LibreSSL under this name, whose s_server has no DTLS with pre-shared keys. */
export const opensslProblem = missing("openssl version | grep '^OpenSSL 3'", ['openssl']);

const PSK = ['-psk', KEY_HEX, '-psk_identity', IDENTITY];

/** `openssl s_server`; by default with the pre-shared key and no certificate. */
export function opensslServer(args: readonly string[] = [], credentials = ['-nocert', ...PSK]): Promise<PeerServer> {
  const all = ['s_server', '-dtls1_2', '-accept', '127.0.0.1:0', ...credentials, ...args];
  return PeerProcess.serve('openssl', all, /^ACCEPT \S+:(\d+)$/m);
}

/** `openssl s_client`; by default with the pre-shared key. The end of its input makes it send close_notify. */
export function opensslClient(port: number, args: readonly string[] = [], credentials = PSK): PeerProcess {
  return new PeerProcess('openssl', ['s_client', '-dtls1_2', '-connect', `127.0.0.1:${port}`, ...credentials, ...args]);
}
