import { optionError } from '../errors';
import { SecureContext, type SecureContextOptions } from '../secure-context';
import { boolean, checkNames, integer, show } from './check';
import { TABLE_EXPECTED } from './psk';
import { parseSendHighWaterMark } from './socket';

export interface RetransmitOptions {
  /**
   * Milliseconds before a flight is first sent again; it doubles each time. Default 1000 (RFC 6347 4.2.4.1), at
   * least 20: OpenSSL takes a timer of less than 15 for one that has run out.
   */
  initial?: number;
  /**
   * The longest wait in milliseconds. Default 60000. OpenSSL gives up after 12 repetitions: with a short maximum the
   * handshake ends then, before its deadline.
   */
  max?: number;
}

/** Options of clients and servers alike. */
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
  /**
   * Bytes waiting for the kernel, or on native sockets sent in one turn of the event loop, before `send` returns
   * false. Default 65536.
   */
  sendHighWaterMark?: number;
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

const CONTEXT_NAMES = ['psk', 'ciphers', 'keylog', 'pskIdentityHint'] as const;

/** The part that clients and servers share. `own` are the role's own context options. */
export function parseSession(
  role: 'client' | 'server',
  options: CommonOptions,
  psk: SecureContextOptions['psk'],
  hasCallback: boolean,
  own: Pick<SecureContextOptions, 'pskIdentityHint'>,
): SessionConfig {
  const secureContext = parseContext(role, options, psk, own);
  checkCredentials(role, secureContext, hasCallback);
  const retransmit = options.retransmit ?? {};
  checkNames('retransmit', retransmit, ['initial', 'max']);
  const initialTimeoutMs = integer('retransmit.initial', retransmit.initial, { min: 20, max: 60_000 }, 1000);
  return {
    secureContext,
    mtu: integer('mtu', options.mtu, { min: 256, max: 16_384 }, 1200),
    handshakeTimeoutMs: integer('handshakeTimeout', options.handshakeTimeout, { min: 1, max: 2 ** 31 - 1 }, 60_000),
    initialTimeoutMs,
    maxTimeoutMs: integer('retransmit.max', retransmit.max, { min: initialTimeoutMs, max: 600_000 }, 60_000),
    sendHighWaterMark: parseSendHighWaterMark(options.sendHighWaterMark),
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
    throw optionError('psk', undefined, TABLE_EXPECTED);
  }
}

function parseContext(
  role: 'client' | 'server',
  options: CommonOptions,
  psk: SecureContextOptions['psk'],
  own: Pick<SecureContextOptions, 'pskIdentityHint'>,
): SecureContext {
  const { secureContext, ciphers, keylog } = options;
  if (secureContext === undefined) {
    const contextOptions: SecureContextOptions = { ...own, keylog: boolean('keylog', keylog, false) };
    if (psk !== undefined) contextOptions.psk = psk;
    if (ciphers !== undefined) contextOptions.ciphers = ciphers;
    return new SecureContext(contextOptions, role);
  }
  if (!(secureContext instanceof SecureContext)) {
    throw optionError(
      'secureContext',
      undefined,
      `what createSecureContext returns is expected, not ${show(secureContext)}.`,
    );
  }
  const given = { psk, ciphers, keylog, pskIdentityHint: own.pskIdentityHint };
  for (const name of CONTEXT_NAMES) {
    if (given[name] === undefined) continue;
    throw optionError(name, undefined, 'belongs into createSecureContext when secureContext is given.');
  }
  return secureContext;
}
