import { IDENTITY, KEY } from './credentials';
import { missing, programs } from './debian';
import { PeerProcess, type PeerServer } from './process';

export const libcoapProblem = missing(
  programs('coap-server-openssl', 'coap-server-gnutls', 'coap-client-openssl', 'coap-client-gnutls'),
  ['libcoap3-bin'],
);

/** libcoap's programs come with either library. */
export type TlsLibrary = 'openssl' | 'gnutls';

const KEY_ARGS = ['-k', KEY.toString('latin1')];

/** libcoap's example server. */
export function coapServer(library: TlsLibrary): Promise<PeerServer> {
  return PeerProcess.serveOn(
    `coap-server-${library}`,
    // Its DTLS port is the one above the port that it is told.
    (port) => ['-A', '127.0.0.1', '-p', String(port - 1), '-v', '7', '-h', 'which of my keys', ...KEY_ARGS],
    /created DTLS endpoint 127\.0\.0\.1:\d+$/m,
  );
}

/** libcoap's client, which gets a path and ends. */
export function coapClient(library: TlsLibrary, port: number, path: string): PeerProcess {
  const args = ['-u', IDENTITY, ...KEY_ARGS, `coaps://127.0.0.1:${port}/${path}`];
  return new PeerProcess(`coap-client-${library}`, args);
}

const CONFIRMABLE_GET = 0x4001;
const ACKNOWLEDGED_CONTENT = 0x6045;
const URI_PATH = 11;
const PAYLOAD_MARKER = 0xff;

/** A CoAP request (RFC 7252 section 3) for a path of one segment of at most 12 characters. */
export function coapGet(messageId: number, path: string): Buffer {
  const message = Buffer.alloc(5);
  message.writeUInt16BE(CONFIRMABLE_GET, 0);
  message.writeUInt16BE(messageId, 2);
  message.writeUInt8((URI_PATH << 4) | path.length, 4);
  return Buffer.concat([message, Buffer.from(path)]);
}

/** The answer to a CoAP request, with its message ID and token. */
export function coapContent(request: Buffer, payload: string): Buffer {
  const tokenLength = request.readUInt8(0) & 0x0f;
  const message = Buffer.from(request.subarray(0, 4 + tokenLength));
  message.writeUInt16BE(ACKNOWLEDGED_CONTENT | (tokenLength << 8), 0);
  return Buffer.concat([message, Buffer.of(PAYLOAD_MARKER), Buffer.from(payload)]);
}
