import dns from 'node:dns';
import { isIP } from 'node:net';
import { DtlsError, optionError } from '../errors';
import { createSecureContext, SecureContext, type SecureContextOptions } from '../secure-context';
import type { Transport } from '../transport';
import { boolean, callback, checkNames, integer, show, string } from './check';
import type { PskCredentials } from './psk';

/** Resolves a host name to one or more addresses; `dns.lookup` has this shape. */
export type LookupFunction = (
  hostname: string,
  options: { all: true; family: 0 | 4 | 6 },
  callback: (error: NodeJS.ErrnoException | null, addresses: dns.LookupAddress[]) => void,
) => void;

/** Called during the handshake with the server's identity hint, "" when it sent none. */
export type ClientPskCallback = (hint: string) => PskCredentials | null | undefined;

export interface RetransmitOptions {
  /** Milliseconds before a flight is first sent again; it doubles each time. Default 1000 (RFC 6347 4.2.4.1). */
  initial?: number;
  /** The longest wait in milliseconds. Default 60000. */
  max?: number;
}

export interface CommonOptions {
  /** Credentials and policy made by `createSecureContext`, instead of giving them here. */
  secureContext?: SecureContext;
  /** OpenSSL cipher list. Default: the PSK suites, forward secrecy first. */
  ciphers?: string;
  /**
   * Largest datagram to send, in bytes of UDP payload: 256 to 16384. Default 1200, which passes everywhere.
   * Handshake messages are cut to it, larger messages refused.
   */
  mtu?: number;
  /** Milliseconds in which the handshake must complete. Default 60000. */
  handshakeTimeout?: number;
  retransmit?: RetransmitOptions;
  /** Emit `keylog` with NSS key log lines, for Wireshark. Default false: whoever reads them can decrypt. */
  keylog?: boolean;
  /** Bytes that may wait for the kernel before `send` returns false. Default 65536. */
  sendHighWaterMark?: number;
}

export interface ConnectOptions extends CommonOptions {
  /** Name or address of the server. Default "localhost". */
  host?: string;
  /** UDP port of the server, 1 to 65535. Required unless `transport` is given. */
  port?: number;
  /** 4 or 6 to use only addresses of that family. Default 0: both. */
  family?: 0 | 4 | 6;
  /** What the association calls itself in messages and pings. Default "HOST:PORT". */
  name?: string;
  psk?: PskCredentials;
  pskCallback?: ClientPskCallback;
  /** Send the seed's ping each 5000 ms once connected, or each so many milliseconds. Default false. */
  ping?: boolean | number;
  /** Ends the attempt, or later the association, with an `AbortError`. */
  signal?: AbortSignal;
  /** Default `dns.lookup`. */
  lookup?: LookupFunction;
  localAddress?: string;
  localPort?: number;
  /** The user's own channel instead of a UDP socket; host and port only serve as a name then. */
  transport?: Transport;
}

/** What sessions of both roles need. */
export interface SessionConfig {
  readonly secureContext: SecureContext;
  readonly mtu: number;
  readonly handshakeTimeoutMs: number;
  readonly initialTimeoutMs: number;
  readonly maxTimeoutMs: number;
  readonly sendHighWaterMark: number;
}

/** `ConnectOptions`, checked and complete. */
export interface ClientConfig extends SessionConfig {
  readonly host: string;
  readonly port: number;
  readonly family: 0 | 4 | 6;
  readonly name: string;
  readonly pskCallback: ClientPskCallback | undefined;
  /** 0: no pings. */
  readonly pingIntervalMs: number;
  readonly signal: AbortSignal | undefined;
  readonly lookup: LookupFunction;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly transport: Transport | undefined;
}

/** The seed's interval. */
export const PING_INTERVAL_MS = 5000;

export const COMMON_NAMES = [
  'secureContext',
  'ciphers',
  'mtu',
  'handshakeTimeout',
  'retransmit',
  'keylog',
  'sendHighWaterMark',
  'psk',
  'pskCallback',
] as const;

const CLIENT_NAMES = [
  ...COMMON_NAMES,
  'host',
  'port',
  'family',
  'name',
  'ping',
  'signal',
  'lookup',
  'localAddress',
  'localPort',
  'transport',
] as const;

/** Throws `ERR_DTLS_OPTION` for the first option that cannot be used. */
export function parseConnectOptions(options: ConnectOptions): ClientConfig {
  checkNames('connect', options, CLIENT_NAMES);
  const host = string('host', options.host) ?? 'localhost';
  const port = parsePort(options);
  const pskCallback = callback('pskCallback', options.pskCallback);
  return Object.freeze({
    ...parseSession('client', options, options.psk, pskCallback !== undefined, {}),
    host,
    port,
    family: parseFamily(options.family),
    name: string('name', options.name) ?? (isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`),
    pskCallback,
    pingIntervalMs: parsePing(options.ping),
    signal: parseSignal(options.signal),
    lookup: callback('lookup', options.lookup) ?? (dns.lookup as LookupFunction),
    localAddress: parseLocalAddress(options.localAddress),
    localPort: options.localPort === undefined ? undefined : integer('localPort', options.localPort, PORT_BOUNDS, 0),
    transport: parseTransport(options.transport),
  });
}

const PORT_BOUNDS = { min: 0, max: 65_535 };

/** The part that clients and servers share. `own` are the role's own context options. */
export function parseSession(
  role: 'client' | 'server',
  options: CommonOptions,
  psk: SecureContextOptions['psk'],
  hasCallback: boolean,
  own: Pick<SecureContextOptions, 'pskIdentityHint'>,
): SessionConfig {
  const secureContext = parseContext(options, psk, own);
  checkCredentials(role, secureContext, hasCallback);
  const retransmit = options.retransmit ?? {};
  checkNames('retransmit', retransmit, ['initial', 'max']);
  const initialTimeoutMs = integer('retransmit.initial', retransmit.initial, { min: 15, max: 60_000 }, 1000);
  return {
    secureContext,
    mtu: integer('mtu', options.mtu, { min: 256, max: 16_384 }, 1200),
    handshakeTimeoutMs: integer('handshakeTimeout', options.handshakeTimeout, { min: 1, max: 2 ** 31 - 1 }, 60_000),
    initialTimeoutMs,
    maxTimeoutMs: integer('retransmit.max', retransmit.max, { min: initialTimeoutMs, max: 600_000 }, 60_000),
    sendHighWaterMark: integer('sendHighWaterMark', options.sendHighWaterMark, { min: 0, max: 2 ** 30 }, 65_536),
  };
}

function checkCredentials(role: 'client' | 'server', { pskKind }: SecureContext, hasCallback: boolean): void {
  if (pskKind === undefined && !hasCallback) {
    const remedy = 'credentials are missing: give psk, pskCallback or a secureContext that has psk.';
    throw optionError('psk', undefined, remedy);
  }
  if (role === 'client' && pskKind === 'table') {
    throw optionError('psk', undefined, 'a client proves itself with { identity, key }; this is a table of keys.');
  }
  if (role === 'server' && pskKind === 'credentials') {
    const remedy = 'a server has a table of keys, { [identity]: key } or a Map; { identity, key } is for clients.';
    throw optionError('psk', undefined, remedy);
  }
}

function parseContext(
  options: CommonOptions,
  psk: SecureContextOptions['psk'],
  own: Pick<SecureContextOptions, 'pskIdentityHint'>,
): SecureContext {
  const { secureContext, ciphers, keylog } = options;
  if (secureContext === undefined) {
    const contextOptions: SecureContextOptions = { ...own, keylog: boolean('keylog', keylog, false) };
    if (psk !== undefined) contextOptions.psk = psk;
    if (ciphers !== undefined) contextOptions.ciphers = ciphers;
    return createSecureContext(contextOptions);
  }
  if (!(secureContext instanceof SecureContext)) {
    throw optionError(
      'secureContext',
      undefined,
      `what createSecureContext returns is expected, not ${show(secureContext)}.`,
    );
  }
  for (const [name, value] of Object.entries({ psk, ciphers, keylog, ...own })) {
    if (value !== undefined)
      throw optionError(name, undefined, 'belongs into createSecureContext when secureContext is given.');
  }
  return secureContext;
}

function parsePort(options: ConnectOptions): number {
  if (options.port === undefined && options.transport !== undefined) return 0;
  if (options.port === undefined) throw optionError('port', undefined, 'a port from 1 to 65535 is required.');
  return integer('port', options.port, { min: 1, max: 65_535 }, 0);
}

export function parseFamily(family: unknown): 0 | 4 | 6 {
  if (family === undefined || family === 0) return 0;
  if (family === 4 || family === 6) return family;
  throw optionError('family', family, `4, 6 or 0 (both) is expected, not ${show(family)}.`);
}

function parsePing(ping: unknown): number {
  if (typeof ping === 'number') return integer('ping', ping, { min: 1, max: 2 ** 31 - 1 }, PING_INTERVAL_MS);
  return boolean('ping', ping, false) ? PING_INTERVAL_MS : 0;
}

function parseSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw optionError('signal', signal, `an AbortSignal is expected, not ${show(signal)}.`);
}

function parseLocalAddress(address: unknown): string | undefined {
  const text = string('localAddress', address);
  if (text === undefined || isIP(text) !== 0) return text;
  throw optionError('localAddress', address, `an IP address is expected, not ${show(address)}.`);
}

function parseTransport(transport: Transport | undefined): Transport | undefined {
  if (transport === undefined) return undefined;
  for (const method of ['open', 'send', 'close', 'ref', 'unref'] as const) {
    if (typeof transport?.[method] === 'function') continue;
    throw new DtlsError('ERR_DTLS_OPTION', `transport: the method ${method} is missing.`, { option: 'transport' });
  }
  return transport;
}
