import type { PacketCapture } from '../capture/packet-capture';
import type { PacketRecorder } from '../capture/packet-recorder';
import { optionError } from '../errors';
import { CONTEXT_NAMES, isSecureContext, SecureContext, type SecureContextOptions } from '../secure-context';
import { boolean, checkNames, integer, show } from './check';
import { TABLE_EXPECTED } from './psk';
import { parseSendHighWaterMark } from './socket';
import type { VerificationConfig } from './verification';

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

/** Options of clients and servers alike; those of `createSecureContext` may be given here. */
export interface CommonOptions extends Omit<SecureContextOptions, 'psk'> {
  /** Credentials and policy made by `createSecureContext`, instead of giving them here. */
  secureContext?: SecureContext | undefined;
  /**
   * Largest datagram to send, in bytes of UDP payload: 256 to 16384. Default 1200, which passes everywhere.
   * Handshake messages are cut to it, larger messages refused. Where the system knows that the path carries less, both
   * keep to that. A flight of the handshake that is lost twice is sent again in datagrams of 548 bytes, and after two
   * more losses of 256 (RFC 6347 section 4.1.1.1); messages may use all of the `mtu` again.
   */
  mtu?: number | undefined;
  /** Milliseconds in which the handshake must complete. Default 60000. */
  handshakeTimeout?: number | undefined;
  retransmit?: RetransmitOptions | undefined;
  /** Describe each message of the handshake on stderr, as OpenSSL does (`tls.TLSSocket.enableTrace`). Default false. */
  enableTrace?: boolean | undefined;
  /**
   * Record every datagram, and the secrets to decrypt it. A `secureContext` that is given has to be made with
   * `keylog: true`.
   */
  capture?: PacketCapture | undefined;
  /**
   * Bytes waiting for the kernel, or on native sockets sent in one turn of the event loop, before `send` returns
   * false. Default 65536.
   */
  sendHighWaterMark?: number | undefined;
}

/** What sessions of both roles need. */
export interface SessionConfig {
  readonly secureContext: SecureContext;
  readonly mtu: number;
  readonly handshakeTimeoutMs: number;
  readonly initialTimeoutMs: number;
  readonly maxTimeoutMs: number;
  readonly sendHighWaterMark: number;
  readonly trace: boolean;
  readonly capture: PacketRecorder | undefined;
  /** 0: any number; undefined: what the suite bears. */
  readonly maxForgedRecords: number | undefined;
}

export const COMMON_NAMES = [
  ...CONTEXT_NAMES,
  'secureContext',
  'mtu',
  'handshakeTimeout',
  'retransmit',
  'enableTrace',
  'capture',
  'sendHighWaterMark',
  'pskCallback',
] as const;

type Role = 'client' | 'server';

/** Whether OpenSSL itself has to refuse a chain that it does not trust. */
export function requiresTrust(
  { trustedPublicKeys }: SecureContext,
  { rejectUnauthorized, fingerprints }: VerificationConfig,
): boolean {
  return rejectUnauthorized && fingerprints === undefined && trustedPublicKeys === undefined;
}

/** The part that clients and servers share; `capture` is that of their endpoint. */
export function parseSession(
  role: Role,
  options: CommonOptions & Pick<SecureContextOptions, 'psk'>,
  hasCallback: boolean,
  capture: PacketRecorder | undefined,
): SessionConfig {
  const secureContext = parseContext(role, options, hasCallback, capture);
  checkCredentials(role, secureContext, hasCallback);
  const { retransmit = {} } = options;
  checkNames('retransmit', retransmit, ['initial', 'max']);
  const initialTimeoutMs = integer('retransmit.initial', retransmit.initial, { min: 20, max: 60_000 }, 1000);
  return {
    secureContext,
    mtu: integer('mtu', options.mtu, { min: 256, max: 16_384 }, 1200),
    handshakeTimeoutMs: integer('handshakeTimeout', options.handshakeTimeout, { min: 1, max: 2 ** 31 - 1 }, 60_000),
    initialTimeoutMs,
    maxTimeoutMs: integer('retransmit.max', retransmit.max, { min: initialTimeoutMs, max: 600_000 }, 60_000),
    sendHighWaterMark: parseSendHighWaterMark(options.sendHighWaterMark),
    trace: boolean('enableTrace', options.enableTrace, false),
    capture,
    maxForgedRecords: undefined,
  };
}

/** Throws `ERR_DTLS_OPTION` when a role has nothing to prove itself with. */
export function checkCredentials(role: Role, { pskKind, hasIdentity }: SecureContext, hasCallback: boolean): void {
  if (role === 'server' && pskKind === undefined && !hasCallback && !hasIdentity) {
    const remedy =
      'credentials are missing: give psk or pskCallback, cert and key (or pfx), or a secureContext that has them.';
    throw optionError('psk', undefined, remedy);
  }
  if (role === 'client' && pskKind === 'table') {
    throw optionError('psk', undefined, 'a client proves itself with { identity, key }; this is a table of keys.');
  }
  if (role === 'server' && pskKind === 'credentials') {
    throw optionError('psk', undefined, TABLE_EXPECTED);
  }
}

/** Throws `ERR_DTLS_OPTION` when a context would keep its secrets from the capture. */
export function checkSecrets({ keylog }: SecureContext, capture: PacketRecorder | undefined): void {
  if (capture === undefined || keylog) return;
  throw optionError('capture', undefined, 'the secureContext collects no secrets; make it with keylog: true.');
}

function parseContext(
  role: Role,
  options: CommonOptions & Pick<SecureContextOptions, 'psk'>,
  asksForPsk: boolean,
  capture: PacketRecorder | undefined,
): SecureContext {
  const { secureContext } = options;
  if (secureContext === undefined) {
    const given = CONTEXT_NAMES.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]);
    const own = Object.fromEntries(given) as SecureContextOptions;
    return new SecureContext(capture === undefined ? own : { ...own, keylog: true }, { role, asksForPsk });
  }
  if (!isSecureContext(secureContext)) {
    throw optionError(
      'secureContext',
      undefined,
      `what createSecureContext returns is expected, not ${show(secureContext)}.`,
    );
  }
  for (const name of CONTEXT_NAMES) {
    if (options[name] === undefined) continue;
    throw optionError(name, undefined, 'belongs into createSecureContext when secureContext is given.');
  }
  checkSecrets(secureContext, capture);
  return secureContext;
}
