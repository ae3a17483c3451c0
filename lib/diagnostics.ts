import { type Channel, channel } from 'node:diagnostics_channel';
import type { RemoteAddress } from './address';
import type { DtlsAssociation } from './association/association';
import type { HandshakeInfo } from './handshake/info';
import { alertName } from './handshake/wire';
import type { DtlsServer } from './server/server';
import type { DropReason, RefusalReason, StrangerDropReason } from './stats';

/** `dtls-association:handshake`: one is over. */
export interface HandshakeDiagnostic {
  readonly association: DtlsAssociation;
  /** Absent when it ended before it began, the host's name not being known, say. */
  readonly handshake: HandshakeInfo | undefined;
  /** Absent when it is complete. */
  readonly error: Error | undefined;
}

/** `dtls-association:retransmission`: a flight was sent again. */
export interface RetransmissionDiagnostic {
  readonly association: DtlsAssociation;
}

/** `dtls-association:drop`: a datagram came to nothing, at an association or at a server. */
export type DropDiagnostic =
  | { readonly association: DtlsAssociation; readonly reason: DropReason }
  | { readonly server: DtlsServer; readonly reason: StrangerDropReason | RefusalReason; readonly from: RemoteAddress };

/** `dtls-association:alert`. */
export interface AlertDiagnostic {
  readonly association: DtlsAssociation;
  readonly direction: 'sent' | 'received';
  readonly level: 'warning' | 'fatal';
  /** As RFC 5246 section 7.2 writes it: "close_notify". */
  readonly description: string;
}

/** `dtls-association:migration`: an association followed its peer to another address. */
export interface MigrationDiagnostic {
  readonly association: DtlsAssociation;
  readonly from: RemoteAddress;
  readonly to: RemoteAddress;
}

// No message is made without a subscriber.
const handshakes: Channel = channel('dtls-association:handshake');
const retransmissions: Channel = channel('dtls-association:retransmission');
const drops: Channel = channel('dtls-association:drop');
const alerts: Channel = channel('dtls-association:alert');
const migrations: Channel = channel('dtls-association:migration');

export function publishHandshake(
  association: DtlsAssociation,
  handshake: HandshakeInfo | undefined,
  error: Error | undefined,
): void {
  if (handshakes.hasSubscribers) handshakes.publish({ association, handshake, error } satisfies HandshakeDiagnostic);
}

export function publishRetransmission(association: DtlsAssociation): void {
  if (retransmissions.hasSubscribers) retransmissions.publish({ association } satisfies RetransmissionDiagnostic);
}

export function publishDrop(association: DtlsAssociation, reason: DropReason): void {
  if (drops.hasSubscribers) drops.publish({ association, reason } satisfies DropDiagnostic);
}

export function publishServerDrop(
  server: DtlsServer,
  reason: StrangerDropReason | RefusalReason,
  from: RemoteAddress,
): void {
  if (drops.hasSubscribers) drops.publish({ server, reason, from } satisfies DropDiagnostic);
}

/** `alert` is `level << 8 | description`. */
export function publishAlert(association: DtlsAssociation, direction: 'sent' | 'received', alert: number): void {
  if (!alerts.hasSubscribers) return;
  const level = alert >> 8 === 1 ? 'warning' : 'fatal';
  alerts.publish({ association, direction, level, description: alertName(alert) } satisfies AlertDiagnostic);
}

export function publishMigration(association: DtlsAssociation, from: RemoteAddress, to: RemoteAddress): void {
  if (migrations.hasSubscribers) migrations.publish({ association, from, to } satisfies MigrationDiagnostic);
}
