import { createHash } from 'node:crypto';
import type dgram from 'node:dgram';
import { isIP } from 'node:net';
import type { ServerSessionOptions, SessionOptions } from '../../binding';
import type { RemoteAddress } from '../address';
import { parseCapture } from '../capture/packet-capture';
import { usesPsk } from '../credentials/ciphers';
import type { UdpConfig } from '../endpoints/endpoint';
import { optionError } from '../errors';
import type { MaybePromise } from '../maybe-promise';
import type { SecureContext } from '../secure-context';
import type { ServerTransport } from '../transport';
import { parseAlpn } from './alpn';
import { boolean, callback, checkMethods, checkNames, integer, show, string } from './check';
import { type CookieSecret, parseCookieSecret } from './cookie-secret';
import { type LimitsConfig, parseLimits, parseMaxForgedRecords, type ServerLimits } from './limits';
import type { PskTable } from './psk';
import {
  COMMON_NAMES,
  type CommonOptions,
  checkCredentials,
  checkSecrets,
  parseSession,
  requiresTrust,
  type SessionConfig,
} from './session';
import { parseSocket, parseUserSocket, refuseBeside, SOCKET_NAMES, type SocketOptions } from './socket';
import { parseSrtpProfiles, type SrtpProfile } from './srtp';
import {
  parseVerification,
  VERIFICATION_NAMES,
  type VerificationConfig,
  type VerificationOptions,
} from './verification';

/**
 * Called during the handshake for an identity that `psk` does not hold; may answer with a promise. No answer: the
 * identity is unknown.
 */
export type ServerPskCallback = (identity: string, peer: RemoteAddress) => MaybePromise<Uint8Array | null | undefined>;

/**
 * The context for the name that a client asked for. A function of two parameters answers by `done`, as in `node:tls`;
 * one of a single parameter by what it returns, or by a promise. None: the server's own. The context decides
 * certificate, keys, suites and, if it has `ca` or `crl`, whose clients are trusted; session tickets and what is asked
 * of clients stay the server's.
 */
export type SniCallback = (
  servername: string,
  done: (error: Error | null, context?: SecureContext | null) => void,
  // biome-ignore lint/suspicious/noConfusingVoidType: who answers by `done` returns nothing.
) => MaybePromise<SecureContext | null | undefined> | void;

/** As in `node:tls`: one of `protocols`, or undefined to refuse with the alert no_application_protocol. */
export type AlpnCallback = (offer: {
  readonly servername: string;
  readonly protocols: readonly string[];
}) => string | undefined;

export interface ServerOptions extends CommonOptions, VerificationOptions {
  psk?: PskTable | undefined;
  pskCallback?: ServerPskCallback | undefined;
  /** Ask clients for a certificate. Default false, true with `verifyFingerprint` or `trustedPublicKeys`. */
  requestCert?: boolean | undefined;
  SNICallback?: SniCallback | undefined;
  /** Application protocols in order of preference (RFC 7301). */
  ALPNProtocols?: readonly string[] | undefined;
  /** Instead of `ALPNProtocols`. */
  ALPNCallback?: AlpnCallback | undefined;
  /** SRTP profiles in order of preference (RFC 5764); names are OpenSSL's. */
  srtpProfiles?: SrtpProfile | readonly SrtpProfile[] | undefined;
  /**
   * 32 bytes or more, the same for every process behind one address; of several the first makes cookies and all verify
   * them. Default: random for this server.
   */
  cookieSecret?: CookieSecret;
  /** Close an association when no message came from its peer for so many milliseconds. Default 0: never. */
  idleTimeout?: number;
  limits?: ServerLimits;
  /** Let an association follow its peer to another port of the same address. Default true. */
  migration?: boolean;
}

export interface ListenOptions extends SocketOptions {
  /** 0 lets the system choose. Required unless `socket` or `transport` is given. */
  port?: number;
  /** An IP address. Default "0.0.0.0"; "::" takes IPv4 too. */
  address?: string;
  /** With an IPv6 address: leave IPv4 alone. Default false. */
  ipv6Only?: boolean;
  /**
   * SO_REUSEPORT: several processes or workers listen on one port and the kernel spreads the peers over them. Default
   * false. With `udp: "dgram"` it needs Node 22.12 or 23.1.
   */
  reusePort?: boolean;
  /** A socket of `node:dgram` that the user brings, bound or not, and closes. */
  socket?: dgram.Socket;
  /** The user's own channel instead of a UDP socket. */
  transport?: ServerTransport;
}

/** What is asked of clients, as it was given. */
type ServerPolicy = Readonly<VerificationOptions & Pick<ServerOptions, 'requestCert'>>;

/** `ServerOptions`, checked and complete. */
export interface ServerConfig extends SessionConfig {
  readonly policy: ServerPolicy;
  readonly verification: VerificationConfig;
  readonly sniCallback: SniCallback | undefined;
  /** Empty: the extension is ignored, unless there is a callback. */
  readonly alpnProtocols: readonly string[];
  readonly alpnCallback: AlpnCallback | undefined;
  readonly native: ServerSessionOptions;
  readonly pskCallback: ServerPskCallback | undefined;
  readonly cookieSecrets: readonly Uint8Array[] | undefined;
  /** 0: never. */
  readonly idleTimeoutMs: number;
  readonly limits: LimitsConfig;
  readonly migration: boolean;
}

/** Throws `ERR_DTLS_OPTION` for the first option that cannot be used. */
export function parseServerOptions(options: ServerOptions): ServerConfig {
  checkNames('createServer', options, SERVER_NAMES);
  const limits = parseLimits(options.limits);
  const pskCallback = callback('pskCallback', options.pskCallback);
  const session = parseSession('server', options, pskCallback !== undefined, parseCapture(options.capture));
  const { requestCert, rejectUnauthorized, verifyFingerprint, verifyPeer } = options;
  const policy = Object.freeze({ requestCert, rejectUnauthorized, verifyFingerprint, verifyPeer });
  const { verification, native } = applyPolicy(policy, session.secureContext);
  return Object.freeze({
    ...session,
    pskCallback,
    policy,
    verification,
    sniCallback: callback('SNICallback', options.SNICallback),
    ...parseAlpnOptions(options),
    native: { ...nativeOptions(options, session), ...native },
    cookieSecrets: options.cookieSecret === undefined ? undefined : parseCookieSecret(options.cookieSecret),
    idleTimeoutMs: integer('idleTimeout', options.idleTimeout, { min: 0, max: 2 ** 31 - 1 }, 0),
    limits,
    maxForgedRecords: parseMaxForgedRecords(options.limits),
    migration: boolean('migration', options.migration, true),
  });
}

/** The same server with other credentials. Throws `ERR_DTLS_OPTION` when they do not do for it. */
export function withSecureContext(config: ServerConfig, secureContext: SecureContext): ServerConfig {
  checkCredentials('server', secureContext, config.pskCallback !== undefined);
  checkSecrets(secureContext, config.capture);
  const { verification, native } = applyPolicy(config.policy, secureContext);
  return Object.freeze({ ...config, secureContext, verification, native: { ...config.native, ...native } });
}

const SERVER_NAMES = [
  ...COMMON_NAMES,
  ...VERIFICATION_NAMES,
  'requestCert',
  'SNICallback',
  'ALPNProtocols',
  'ALPNCallback',
  'srtpProfiles',
  'cookieSecret',
  'idleTimeout',
  'limits',
  'migration',
] as const;

/** Verifying implies asking. */
function parseRequestCert(options: ServerPolicy, secureContext: SecureContext): boolean {
  const { verifyFingerprint, verifyPeer } = options;
  const implied = verifyFingerprint !== undefined || (secureContext.trustedPublicKeys ?? []).length > 0;
  const requestCert = boolean('requestCert', options.requestCert, implied);
  if (requestCert && secureContext.ciphers.every(usesPsk)) {
    throw optionError(
      'requestCert',
      options.requestCert,
      'all suites are for pre-shared keys: no client can show one.',
    );
  }
  if (requestCert || (!implied && verifyPeer === undefined)) return requestCert;
  throw optionError('requestCert', options.requestCert, 'nothing can be verified unless it is true.');
}

function parseAlpnOptions(options: ServerOptions): Pick<ServerConfig, 'alpnProtocols' | 'alpnCallback'> {
  const alpnCallback = callback('ALPNCallback', options.ALPNCallback);
  if (alpnCallback !== undefined && options.ALPNProtocols !== undefined) {
    throw optionError('ALPNCallback', undefined, 'give it or ALPNProtocols, not both.');
  }
  return { alpnProtocols: parseAlpn(options.ALPNProtocols), alpnCallback };
}

function nativeOptions(options: ServerOptions, session: SessionConfig): Omit<SessionOptions, keyof NativePolicy> {
  return {
    mtu: session.mtu,
    initialTimeoutMs: session.initialTimeoutMs,
    maxTimeoutMs: session.maxTimeoutMs,
    srtpProfiles: parseSrtpProfiles(options.srtpProfiles),
  };
}

type NativePolicy = Pick<
  ServerSessionOptions,
  'requireTrust' | Exclude<keyof ServerSessionOptions, keyof SessionOptions>
>;

/** What is asked of clients, which depends on the credentials as well. */
function applyPolicy(
  policy: ServerPolicy,
  secureContext: SecureContext,
): { verification: VerificationConfig; native: NativePolicy } {
  const requestCert = parseRequestCert(policy, secureContext);
  const verification = parseVerification(policy, requestCert, undefined, secureContext);
  const { rejectUnauthorized, verifyPeer } = verification;
  const native = {
    requestCert,
    // Whose word is asked must have something to speak about.
    requireCert: requestCert && (rejectUnauthorized || verifyPeer !== undefined),
    requireTrust: requiresTrust(secureContext, verification),
    // A ticket holds the client's certificate, and a hello with it would not fit one datagram; an ID is short.
    tickets: !requestCert || secureContext.sharesTickets,
    // A session stands for what was verified when it was made. The same in every process of these options.
    sessionIdContext: createHash('sha256')
      .update(JSON.stringify(['dtls-association', requestCert, rejectUnauthorized, secureContext.trustDigest]))
      .digest(),
  };
  return { verification, native };
}

export interface ListenConfig extends Omit<UdpConfig, 'sendHighWaterMark'> {
  readonly transport: ServerTransport | undefined;
}

const OWN_SOCKET_NAMES = ['port', 'address', 'ipv6Only', 'reusePort', ...SOCKET_NAMES] as const;

/** Throws `ERR_DTLS_OPTION` for the first option that cannot be used. */
export function parseListenOptions(options: ListenOptions): ListenConfig {
  checkNames('listen', options, [...OWN_SOCKET_NAMES, 'socket', 'transport']);
  const address = string('address', options.address) ?? '0.0.0.0';
  const family = isIP(address);
  if (family === 0) throw optionError('address', address, `an IP address is expected, not ${show(address)}.`);
  const userSocket = parseUserSocket(options.socket);
  refuseBeside('socket', options, OWN_SOCKET_NAMES);
  refuseBeside('transport', options, ['socket', 'reusePort', ...SOCKET_NAMES]);
  if (options.transport !== undefined) {
    checkMethods('transport', options.transport, ['open', 'address', 'send', 'close', 'ref', 'unref']);
  }
  if (options.port === undefined && options.transport === undefined && userSocket === undefined) {
    throw optionError('port', undefined, 'a port from 0 to 65535 is required.');
  }
  return Object.freeze({
    port: integer('port', options.port, { min: 0, max: 65_535 }, 0),
    address,
    family: family as 4 | 6,
    socket: parseSocket(options),
    userSocket,
    transport: options.transport,
  });
}
