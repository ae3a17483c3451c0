export type { RemoteAddress } from './address';
export { DtlsAssociation } from './association/association';
export type { CipherInfo, CloseInfo, DtlsAssociationEvents } from './association/events';
export type { AssociationState } from './association/state';
export { type Capabilities, capabilities, type Versions, versions } from './capabilities';
export { connect, createServer } from './connect';
export { createEndpoint, DtlsEndpoint, type EndpointOptions } from './endpoints/dtls-endpoint';
export { DtlsError, type DtlsErrorCode } from './errors';
export type { HandshakeInfo } from './handshake/info';
export type { ClientPskCallback, ConnectOptions, LookupFunction, PskAnswer } from './options/client';
export type { PskCredentials, PskTable } from './options/psk';
export type { ListenOptions, ServerLimits, ServerOptions, ServerPskCallback } from './options/server';
export type { RetransmitOptions } from './options/session';
export type { SocketOptions } from './options/socket';
export { QT_EXAMPLE_KEY } from './qt/seed';
export { createSecureContext, SecureContext, type SecureContextOptions } from './secure-context';
export { DtlsServer, type DtlsServerEvents } from './server/server';
export type { AssociationStats, ServerStats } from './stats';
export type {
  Outlet,
  ServerTransport,
  ServerTransportReceiver,
  Transport,
  TransportReceiver,
} from './transport';
