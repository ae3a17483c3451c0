export type { RemoteAddress } from './address';
export { DtlsAssociation } from './association/association';
export type { CipherInfo, CloseInfo, DtlsAssociationEvents, ReconnectInfo } from './association/events';
export type { SecureChannel } from './association/secure-channel';
export type { AssociationState } from './association/state';
export { type Capabilities, capabilities, type Versions, versions } from './capabilities';
export { PacketCapture, type PacketCaptureEvents } from './capture/packet-capture';
export { connect, createServer } from './connect';
export type { EncryptedKey, EncryptedPfx } from './credentials/identity';
export type { PemOrDer } from './credentials/pem';
export type { PublicKey } from './credentials/public-keys';
export type { SrtpKeys } from './credentials/srtp-keys';
export type { TicketKeys } from './credentials/ticket-keys';
export type { DtlsVersion } from './credentials/version';
export type {
  AlertDiagnostic,
  DropDiagnostic,
  HandshakeDiagnostic,
  MigrationDiagnostic,
  RetransmissionDiagnostic,
} from './diagnostics';
export { createEndpoint, DtlsEndpoint, type EndpointOptions } from './endpoints/dtls-endpoint';
export { DtlsError, type DtlsErrorCode } from './errors';
export type { HandshakeInfo } from './handshake/info';
export type { MaybePromise } from './maybe-promise';
export type { ClientPskCallback, ConnectOptions, LookupFunction, PskAnswer } from './options/client';
export type { CookieSecret } from './options/cookie-secret';
export type { DrainOptions } from './options/drain';
export type { KeepAliveOptions } from './options/keep-alive';
export type { ServerLimits } from './options/limits';
export type { PskCredentials, PskTable } from './options/psk';
export type { ReconnectOptions } from './options/reconnect';
export type {
  AlpnCallback,
  ListenOptions,
  ServerOptions,
  ServerPskCallback,
  SniCallback,
} from './options/server';
export type { RetransmitOptions } from './options/session';
export type { SocketOptions } from './options/socket';
export type { SrtpProfile } from './options/srtp';
export type { CheckServerIdentity, PeerDetails, VerifyPeer } from './options/verification';
export { QT_EXAMPLE_KEY } from './qt/seed';
export { createSecureContext, SecureContext, type SecureContextOptions } from './secure-context';
export { DtlsServer, type DtlsServerEvents } from './server/server';
export type { AssociationStats, DropReason, RefusalReason, ServerStats, StrangerDropReason } from './stats';
export type {
  Outlet,
  ServerTransport,
  ServerTransportReceiver,
  Transport,
  TransportReceiver,
} from './transport';
