// Only has to compile, by `npm run typecheck`: the public types, as a user in TypeScript meets them. Each wrong use is
// one that the compiler has to find.
import { createPrivateKey, type X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, EphemeralKeyInfo, PeerCertificate } from 'node:tls';
import {
  type AlpnCallback,
  type AssociationState,
  type AssociationStats,
  type Capabilities,
  type CheckServerIdentity,
  type CipherInfo,
  type CloseInfo,
  type ConnectOptions,
  capabilities,
  connect,
  createEndpoint,
  createSecureContext,
  createServer,
  DtlsAssociation,
  type DtlsEndpoint,
  DtlsError,
  type DtlsErrorCode,
  type DtlsServer,
  type DtlsVersion,
  type HandshakeInfo,
  type KeepAliveOptions,
  type LookupFunction,
  PacketCapture,
  type PacketCaptureEvents,
  type PeerDetails,
  type ReconnectInfo,
  type ReconnectOptions,
  type RemoteAddress,
  type SecureChannel,
  type SecureContext,
  type SecureContextOptions,
  type ServerLimits,
  type ServerOptions,
  type ServerStats,
  type ServerTransport,
  type SniCallback,
  type SrtpKeys,
  type SrtpProfile,
  type TicketKeys,
  type Transport,
  type VerifyPeer,
  type Versions,
  versions,
} from 'dtls-association';

const key = new Uint8Array(16);
const psk = { identity: 'alice', key };
const pem = '-----BEGIN CERTIFICATE-----';
const fingerprint = 'sha-256 AB:CD';

export async function client(): Promise<void> {
  const association: DtlsAssociation = await connect({ host: 'localhost', port: 5684, psk });
  const taken: boolean = association.send('text');
  association.send(new Uint8Array(1));
  association.send(Buffer.from('text'));
  const state: AssociationState = association.state;
  const remote: RemoteAddress = association.remote;
  const stats: AssociationStats = association.stats;
  const cipher: CipherInfo | undefined = association.getCipher();
  const handshake: HandshakeInfo | undefined = association.handshake;
  const protocol: string | null = association.getProtocol();
  for await (const message of association) message.readUInt8(0);
  const info: CloseInfo = await association.close();
  const opened: DtlsAssociation = await association.opened;
  opened.ref().unref().startHandshake();
  association.destroy();
  association.destroy(new Error('enough'));
  use(taken, state, remote, stats, cipher, handshake, protocol, info);

  // @ts-expect-error a number is no message
  association.send(5);
  // @ts-expect-error what it is named is not for others to change
  association.name = 'Bob';
  // @ts-expect-error a promise that nobody may replace
  association.opened = Promise.resolve(association);
  // @ts-expect-error close takes nothing
  association.close(new Error('enough'));
}

export function negotiated(association: DtlsAssociation): void {
  const channel: SecureChannel = association;
  const authorized: boolean = channel.authorized;
  const code: string | undefined = channel.authorizationError;
  const names: Array<string | false> = [channel.alpnProtocol, channel.servername];
  const peer: PeerCertificate = channel.getPeerCertificate();
  const issuer: DetailedPeerCertificate = channel.getPeerCertificate(true).issuerCertificate;
  const certificates: Array<X509Certificate | undefined> = [
    channel.getPeerX509Certificate(),
    channel.getX509Certificate(),
  ];
  const own: PeerCertificate | Record<string, never> = channel.getCertificate();
  const ephemeral: EphemeralKeyInfo | Record<string, never> | null = channel.getEphemeralKeyInfo();
  const bytes: Array<Buffer | undefined> = [
    channel.getFinished(),
    channel.getPeerFinished(),
    channel.getPeerPublicKey(),
    channel.getSession(),
    channel.exportKeyingMaterial(32, 'EXPORTER-mine'),
    channel.exportKeyingMaterial(32, 'EXPORTER-mine', new Uint8Array(1)),
  ];
  const isReused: boolean = channel.isSessionReused();
  const profile: SrtpProfile | undefined = channel.srtpProfile;
  const srtp: SrtpKeys | undefined = channel.getSrtpKeys();
  use(authorized, code, names, peer.subject, issuer.raw, certificates, own, ephemeral, bytes, isReused, profile);
  use(srtp?.localKey.length, srtp?.remoteSalt, channel.extendedMasterSecret satisfies boolean, channel.pskIdentity);
  association.enableTrace();

  // @ts-expect-error whether a peer is authorized is not for others to say
  association.authorized = true;
  // @ts-expect-error detailed certificates have to be asked for
  channel.getPeerCertificate().issuerCertificate;
  // @ts-expect-error there may be no profile, and no keys
  channel.getSrtpKeys().localKey;
  // @ts-expect-error the length comes first, as in node:tls
  channel.exportKeyingMaterial('EXPORTER-mine', 32);
  // @ts-expect-error a context is bytes
  channel.exportKeyingMaterial(32, 'EXPORTER-mine', 'context');
}

export async function disposal(): Promise<void> {
  await using association = await connect({ port: 5684, psk });
  await using server = createServer({ psk: { alice: key } });
  use(association, server);
}

export function constructors(): void {
  new DtlsAssociation({ port: 5684, psk }).startHandshake();
  new DtlsAssociation('localhost', 22334).startHandshake();
  new DtlsAssociation('localhost', 22334, 'Alice', { psk, ping: false });
  // @ts-expect-error the name is the third argument
  new DtlsAssociation('localhost', 22334, { psk });
  // @ts-expect-error the port is a number
  new DtlsAssociation('localhost', '22334');
  // @ts-expect-error host and port are arguments of their own in this form
  new DtlsAssociation('localhost', 22334, 'Alice', { host: 'other' });
}

export function associationEvents(association: DtlsAssociation): void {
  association.on('message', (data) => data.toString('hex'));
  association.once('secureConnect', () => {});
  association.on('close', ({ reason, error }) => use(reason satisfies string, error?.message));
  association.on('error', (error) => use(error.message));
  association.on('keylog', (lines) => use(lines.length));
  association.on('disconnect', ({ reason, error }: CloseInfo) => use(reason, error?.message));
  association.on('reconnecting', ({ attempt, delayMs }: ReconnectInfo) => use(attempt + delayMs));
  association.on('session', (session) => void connect({ port: 5684, session }));
  association.on('lookup', ({ address, port, family }) => use(address, port, family satisfies string));
  association.on('drain', () => {});
  association.on('handshakeTimeout', () => {});
  for (const level of ['infoMessage', 'warningMessage', 'errorMessage'] as const) {
    association.on(level, (text: string) => use(text));
  }
  association.on('serverResponse', (clientInfo, datagram, plainText) =>
    use(clientInfo, datagram[0], plainText.toString()),
  );
  // @ts-expect-error a message is a Buffer
  association.on('message', (text: string) => use(text));
  // @ts-expect-error secureConnect tells nothing
  association.on('secureConnect', (something: string) => use(something));
}

export async function server(): Promise<void> {
  const table: DtlsServer = createServer({ psk: { alice: key } }, (association) => association.send('welcome'));
  createServer({ psk: new Map([['alice', key]]), pskIdentityHint: 'fleet 7', cookieSecret: new Uint8Array(32) });
  createServer({ pskCallback: (identity, peer) => (identity === 'alice' && peer.port > 1023 ? key : undefined) });
  createServer({ pskCallback: () => null, limits: { maxHandshakes: 5 }, idleTimeout: 60_000 });
  createServer({ pskCallback: async (identity) => (identity === 'alice' ? key : undefined) });
  createServer({ cert: pem, key: pem, requestCert: true, ca: [pem, Buffer.from(pem)] });
  const listening: DtlsServer = await table.listen({ port: 5684, address: '::', ipv6Only: true });
  listening.setTicketKeys(new Uint8Array(48));
  listening.setTicketKeys([new Uint8Array(48), Buffer.alloc(48)]);
  listening.setCookieSecret([new Uint8Array(32), Buffer.alloc(32)]);
  listening.on('addressChange', (association, from, to) => use(association.role, from.port, to.port));
  const { dropped, retransmits }: AssociationStats = listening.totals();
  const { refused, handshakeErrors } = listening.stats;
  use(dropped.forged, retransmits, refused.draining, handshakeErrors.ERR_DTLS_PSK_UNKNOWN, listening.handshakes);
  await listening.drain({ idleFor: 100, deadline: 1000 });
  const address: RemoteAddress = listening.address();
  const stats: ServerStats = listening.stats;
  for (const association of listening.associations) await association.close();
  await listening.ref().unref().close();
  use(address, stats);

  // @ts-expect-error a server has a table, not the credentials of a client
  createServer({ psk: { identity: 'alice', key } });
  // @ts-expect-error keys are bytes
  createServer({ psk: { alice: '1a2b' } });
  // @ts-expect-error a server answers with the key alone
  createServer({ pskCallback: async (identity) => ({ identity, psk: key }) });
  // @ts-expect-error node:tls gives a socket first, this the identity
  createServer({ pskCallback: (_socket: object, identity: string) => (identity === 'alice' ? key : null) });
  // @ts-expect-error only a client has a name to ask for
  createServer({ cert: pem, key: pem, servername: 'localhost' });
  // @ts-expect-error the protocol is chosen at once
  createServer({ cert: pem, key: pem, ALPNCallback: async () => 'coap' });
  // @ts-expect-error ticket keys are bytes
  listening.setTicketKeys('secret');
  // @ts-expect-error no such limit
  createServer({ psk: { alice: key }, limits: { maxPeers: 5 } });
  // @ts-expect-error the set is the server's
  listening.associations.clear();
  // @ts-expect-error a port is a number
  await table.listen({ port: '5684' });
}

export function serverEvents(server: DtlsServer): void {
  server.on('listening', () => {});
  server.on('secureConnection', (association) => association.send('welcome'));
  server.on('peerError', (error, peer) => use(error.message, peer.address));
  server.on('error', (error) => use(error.message));
  server.on('close', () => {});
  server.on('keylog', (lines, association) => use(lines.toString(), association.remote));
  server.on('datagramReceived', (peerInfo, cipherText, plainText) =>
    use(peerInfo, cipherText[0], plainText.toString()),
  );
  // @ts-expect-error the first argument is the error
  server.on('peerError', (peer: RemoteAddress) => use(peer));
}

export const everyContextOption: Required<SecureContextOptions> = {
  psk,
  pskIdentityHint: 'fleet 7',
  ca: [pem],
  cert: pem,
  key: [{ pem, passphrase: 'secret' }, createPrivateKey(pem), Buffer.from(pem)],
  passphrase: 'secret',
  pfx: [{ buf: Buffer.from(pem), passphrase: 'secret' }],
  crl: pem,
  rawPublicKey: createPrivateKey(pem),
  trustedPublicKeys: [pem, Buffer.from(pem)],
  ciphers: 'coap',
  minVersion: 'DTLSv1',
  maxVersion: 'DTLSv1.2' satisfies DtlsVersion,
  ecdhCurve: 'X25519:P-256',
  sigalgs: 'ed25519',
  ticketKeys: [new Uint8Array(48)] satisfies TicketKeys,
  sessionTimeout: 300,
  maxFragmentLength: 512,
  keylog: true,
};

export const verifyPeer: VerifyPeer = async (certificate: X509Certificate, details: PeerDetails) => {
  use(details.authorized, details.authorizationError, details.chain[0]?.subject, details.servername);
  return certificate.subject === 'CN=peer' || new Error('another peer');
};

export const checkServerIdentity: CheckServerIdentity = (hostname, { subject }) =>
  subject.CN === hostname ? undefined : new Error('another host');

export const sniCallbacks: SniCallback[] = [
  (name) => (name === 'localhost' ? createSecureContext() : undefined),
  async () => createSecureContext(),
  (_name, done) => done(null, createSecureContext()),
  (name, done) => done(new Error(`no such name: ${name}`)),
];

export const alpnCallback: AlpnCallback = ({ servername, protocols }) =>
  servername === 'localhost' ? protocols[0] : undefined;

/** Not all of them may be given together. */
export const everyKeepAlive: Required<KeepAliveOptions> = {
  interval: 25_000,
  natTimeout: 30_000,
  message: () => 'ping',
  probe: async (association) => association.send('ping'),
  maxUnanswered: 3,
};

export const stayingConnected: ConnectOptions[] = [
  { port: 5684, psk, keepAlive: 25_000, reconnect: true },
  { port: 5684, psk, keepAlive: { natTimeout: 30_000 }, reconnect: {} },
  { port: 5684, psk, keepAlive: { interval: 25_000, message: new Uint8Array(1) } },
  // @ts-expect-error a probe says yes or no
  { port: 5684, psk, keepAlive: { interval: 25_000, probe: () => 'ping' } },
  // @ts-expect-error keep-alives need to know when
  { port: 5684, psk, keepAlive: true },
  // @ts-expect-error no such option of reconnect
  { port: 5684, psk, reconnect: { delay: 5 } },
];

export const everyOption = (
  endpoint: DtlsEndpoint,
): Required<Omit<ConnectOptions, 'secureContext' | keyof SecureContextOptions>> => ({
  host: 'localhost',
  port: 5684,
  family: 4,
  name: 'Alice',
  pskCallback: async (hint) => (hint === '' ? null : { identity: Buffer.from(hint), psk: key }),
  servername: 'localhost',
  rejectUnauthorized: true,
  checkServerIdentity,
  verifyFingerprint: [fingerprint],
  verifyPeer,
  ALPNProtocols: ['coap'],
  srtpProfiles: 'SRTP_AEAD_AES_128_GCM',
  session: new Uint8Array(1),
  enableTrace: true,
  capture: new PacketCapture('capture.pcapng'),
  ping: 5000,
  keepAlive: everyKeepAlive,
  reconnect: {
    initialDelay: 1000,
    maxDelay: 60_000,
    maxAttempts: Number.POSITIVE_INFINITY,
    queue: 0,
  } satisfies Required<ReconnectOptions>,
  signal: AbortSignal.timeout(1000),
  lookup: (_hostname, { family }, callback) => callback(null, [{ address: '127.0.0.1', family: family || 4 }]),
  localAddress: '127.0.0.1',
  localPort: 0,
  endpoint,
  transport: channel(),
  udp: 'native',
  recvBufferSize: 65_536,
  sendBufferSize: 65_536,
  ttl: 64,
  dscp: 46,
  mtu: 1200,
  handshakeTimeout: 60_000,
  retransmit: { initial: 1000, max: 60_000 },
  sendHighWaterMark: 65_536,
});

export const everyServerOption: Required<Omit<ServerOptions, 'secureContext' | keyof SecureContextOptions>> = {
  pskCallback: () => key,
  requestCert: true,
  rejectUnauthorized: true,
  verifyFingerprint: fingerprint,
  verifyPeer: () => true,
  SNICallback: async () => null,
  ALPNProtocols: ['coap'],
  ALPNCallback: alpnCallback,
  srtpProfiles: ['SRTP_AES128_CM_SHA1_80'],
  cookieSecret: new Uint8Array(32),
  idleTimeout: 0,
  limits: {
    maxAssociations: 10,
    maxAssociationsPerAddress: 4,
    maxHandshakes: 5,
    maxHandshakesPerAddress: 2,
    handshakesPerSecond: 100,
    handshakesPerSecondPerAddress: 10,
    maxForgedRecords: 0,
  } satisfies Required<ServerLimits>,
  migration: false,
  mtu: 1200,
  handshakeTimeout: 60_000,
  retransmit: { initial: 1000, max: 60_000 },
  enableTrace: false,
  capture: new PacketCapture(process.stdout),
  sendHighWaterMark: 65_536,
};

export const wrongOptions: ConnectOptions[] = [
  // @ts-expect-error a misspelt option
  { port: 5684, psk, handshakeTimeuot: 5 },
  // @ts-expect-error a key is bytes
  { port: 5684, psk: { identity: 'alice', key: '1a2b' } },
  // @ts-expect-error a client has one identity
  { port: 5684, psk: { alice: key } },
  // @ts-expect-error no such family
  { port: 5684, psk, family: 5 },
  // @ts-expect-error a client answers with its identity, too
  { port: 5684, pskCallback: async () => key },
  // @ts-expect-error a private key is no number
  { port: 5684, cert: pem, key: 5 },
  // @ts-expect-error the versions are those of DTLS
  { port: 5684, minVersion: 'TLSv1.2' },
  // @ts-expect-error only servers ask for certificates
  { port: 5684, requestCert: true },
  // @ts-expect-error nothing but true lets a peer pass
  { port: 5684, verifyPeer: () => {} },
  // @ts-expect-error no such profile
  { port: 5684, srtpProfiles: ['SRTP_NULL'] },
  // @ts-expect-error protocols are names in an array
  { port: 5684, ALPNProtocols: Buffer.from('coap') },
  // @ts-expect-error a session is the bytes of getSession()
  { port: 5684, session: 'base64' },
  // @ts-expect-error RFC 6066 has four lengths
  { port: 5684, maxFragmentLength: 1000 },
  // @ts-expect-error a transport needs more than that
  { psk, transport: { send: () => true } },
];

export function shared(): void {
  const context: SecureContext = createSecureContext({ psk, ciphers: 'PSK', keylog: true });
  const names: readonly string[] = context.ciphers;
  void connect({ port: 5684, secureContext: context });
  const options: ServerOptions = {
    secureContext: createSecureContext({ psk: { alice: key }, pskIdentityHint: 'hint' }),
  };
  createServer(options);
  use(names);
  // @ts-expect-error the list is settled
  context.ciphers = [];
  // @ts-expect-error a context is made by createSecureContext
  void connect({ port: 5684, secureContext: { psk } });
}

export async function recorded(): Promise<void> {
  await using capture = new PacketCapture('capture.pcapng');
  const dropped: number = capture.packetsDropped;
  const tell = (...[error]: PacketCaptureEvents['error']): void => use(error.message);
  capture.on('error', tell);
  await createEndpoint({ capture });
  await capture.close();
  use(dropped);
  // @ts-expect-error a path, or a stream to write to
  new PacketCapture(5);
  // @ts-expect-error what was dropped is not for others to say
  capture.packetsDropped = 0;
  // @ts-expect-error a capture, not its file
  createServer({ psk: { alice: key }, capture: 'capture.pcapng' });
}

export function errors(error: unknown): DtlsErrorCode | undefined {
  if (!DtlsError.is(error)) return undefined;
  use(error.message, error.alert, error.reason, error.peer?.address, error.handshake?.retransmits, error.option);
  switch (error.code) {
    case 'ERR_DTLS_PSK_MISMATCH':
    case 'ERR_DTLS_CERT_UNTRUSTED':
    case 'ERR_DTLS_SESSION_FOREIGN':
    case 'ABORT_ERR':
      return error.code;
    // @ts-expect-error no such code
    case 'ERR_DTLS_NO_SUCH_CODE':
      return undefined;
    default:
      return error.code;
  }
}

export function channel(): Transport {
  return {
    remote: { address: 'peer', port: 0, family: 'unknown' },
    open: (receiver) => void queueMicrotask(() => receiver.opened()),
    send: (datagram) => datagram.length > 0,
    close: () => {},
    ref: () => {},
    unref: () => {},
  };
}

export function serverChannel(): ServerTransport {
  return {
    open: async (receiver) => receiver.drained(),
    address: () => ({ address: 'here', port: 0, family: 'unknown' }),
    send: (_datagram, to) => to.port > 0,
    close: async () => {},
    ref: () => {},
    unref: () => {},
  };
}

export function environment(): [Versions, Capabilities] {
  const { protocols, pskCiphers, certificateCiphers, srtpProfiles, rawPublicKeys } = capabilities();
  use(protocols[0], pskCiphers[0], certificateCiphers[0], srtpProfiles satisfies readonly SrtpProfile[]);
  use(rawPublicKeys satisfies boolean);
  return [versions(), capabilities()];
}

export const resolve: LookupFunction = (_hostname, _options, callback) => callback(new Error('offline'), []);

function use(..._values: unknown[]): void {}
