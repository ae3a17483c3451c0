import { ByteReader } from './byte-reader';
import { ContentType, DTLS_MAJOR_VERSION, HandshakeType } from './wire';

/** What a client asks for, as far as the choice of a certificate and a protocol depends on it. */
export interface ClientHello {
  /** host_name of the server_name extension (RFC 6066 section 3) in lower case; '' when that is none. */
  readonly serverName: string | undefined;
  /** Names of the ALPN extension (RFC 7301) in the client's order, each byte a character (latin1). */
  readonly alpnProtocols: readonly string[];
  /** IANA numbers in the client's order. */
  readonly cipherSuites: readonly number[];
}

const SERVER_NAME = 0;
const HOST_NAME = 0;
const ALPN = 16;
const MAX_SESSION_ID = 32;
const MAX_HOST_NAME = 255;
/** RFC 6066 section 3: ASCII, without a trailing dot. Underscores are no host name's, but are in use. */
const PLAUSIBLE_HOST_NAME = /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/;

/**
 * The ClientHello that a datagram begins with (RFC 6347 section 4.2.1); undefined when there is none, when it is
 * fragmented, and when it is malformed in any part: OpenSSL, which reads it too, refuses it then.
 */
export function parseClientHello(datagram: Uint8Array): ClientHello | undefined {
  const body = helloBody(datagram);
  if (body === undefined) return undefined;
  const hello = new ByteReader(body);
  hello.take(2 + 32); // client_version, random
  const sessionId = hello.vector(1);
  hello.vector(1); // cookie
  const suites = hello.vector(2);
  const compressionMethods = hello.vector(1);
  if (hello.failed || sessionId.length > MAX_SESSION_ID || compressionMethods.length === 0) return undefined;
  if (suites.length === 0 || suites.length % 2 !== 0) return undefined;
  const extensions = parseExtensions(hello.take(hello.left));
  if (extensions === undefined) return undefined;
  const hostName = parseServerName(extensions.get(SERVER_NAME));
  const alpnProtocols = parseAlpn(extensions.get(ALPN));
  if (hostName === undefined || alpnProtocols === undefined) return undefined;
  return {
    serverName: hostName.length === 0 ? undefined : plausibleHostName(hostName),
    alpnProtocols,
    cipherSuites: uint16s(suites),
  };
}

function helloBody(datagram: Uint8Array): Uint8Array | undefined {
  const records = new ByteReader(datagram);
  const contentType = records.uint(1);
  const majorVersion = records.uint(1);
  records.take(1); // minor version
  const epoch = records.uint(2);
  records.take(6); // sequence number
  const record = new ByteReader(records.vector(2));
  if (contentType !== ContentType.Handshake || majorVersion !== DTLS_MAJOR_VERSION || epoch !== 0) return undefined;
  const type = record.uint(1);
  const length = record.uint(3);
  record.take(2); // message_seq
  const offset = record.uint(3);
  const fragment = record.vector(3);
  if (record.failed || record.left > 0) return undefined;
  return type === HandshakeType.ClientHello && offset === 0 && fragment.length === length ? fragment : undefined;
}

/** What a hello ends with, by type; it may end without (RFC 5246 section 7.4.1.2). */
function parseExtensions(bytes: Uint8Array): Map<number, Uint8Array> | undefined {
  const byType = new Map<number, Uint8Array>();
  if (bytes.length === 0) return byType;
  const extensions = onlyVector(bytes);
  if (extensions === undefined) return undefined;
  while (extensions.left > 0) {
    const type = extensions.uint(2);
    const data = extensions.vector(2);
    if (extensions.failed || byType.has(type)) return undefined;
    byType.set(type, data);
  }
  return byType;
}

/** Empty without the extension. Like OpenSSL, takes no list but of one name, which is all that RFC 6066 defines. */
function parseServerName(extension: Uint8Array | undefined): Uint8Array | undefined {
  if (extension === undefined) return new Uint8Array();
  const list = onlyVector(extension);
  if (list?.uint(1) !== HOST_NAME) return undefined;
  const name = list.vector(2);
  return list.left > 0 || name.length === 0 ? undefined : name;
}

function plausibleHostName(bytes: Uint8Array): string {
  if (bytes.length > MAX_HOST_NAME) return '';
  const name = latin1(bytes).toLowerCase();
  return PLAUSIBLE_HOST_NAME.test(name) ? name : '';
}

/** Empty without the extension, which itself must not be empty, nor any name in it (RFC 7301 section 3.1). */
function parseAlpn(extension: Uint8Array | undefined): string[] | undefined {
  if (extension === undefined) return [];
  const list = onlyVector(extension);
  if (list === undefined || list.left === 0) return undefined;
  const protocols: string[] = [];
  while (list.left > 0) {
    const name = list.vector(1);
    if (name.length === 0) return undefined;
    protocols.push(latin1(name));
  }
  return protocols;
}

/** Of bytes that are one vector, behind a length of two bytes, and nothing more. */
function onlyVector(bytes: Uint8Array): ByteReader | undefined {
  const reader = new ByteReader(bytes);
  const vector = reader.vector(2);
  return reader.failed || reader.left > 0 ? undefined : new ByteReader(vector);
}

function uint16s(bytes: Uint8Array): number[] {
  const reader = new ByteReader(bytes);
  const numbers: number[] = [];
  while (reader.left > 0) numbers.push(reader.uint(2));
  return numbers;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
