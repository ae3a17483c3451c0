import type { RemoteAddress } from '../address';
import type { PacketRecorder } from '../capture/packet-recorder';
import type { DtlsError } from '../errors';
import type { HandshakeInfo } from '../handshake/info';
import type { AssociationStats, DropReason } from '../stats';
import type { Transport } from '../transport';
import type { Outcome } from './outcome';

/** What a driver tells its association, after all datagrams are out and the timer is set. None may throw. */
export interface DriverEvents {
  /** OpenSSL asked for the pre-shared key of this identity. */
  pskRequested(identity: string): void;
  /** A datagram was taken and the handshake goes on. */
  progressed(): void;
  /** The transport is open. */
  opened(): void;
  /** The first flight is out. */
  started(): void;
  /** From now on a message may have so many bytes: the path carries less than was known, or more again. */
  resized(maxPayload: number): void;
  /** The retransmission timer fired. */
  retransmitted(): void;
  established(handshake: HandshakeInfo, outcome: Outcome): void;
  keylog(lines: Buffer): void;
  /** The datagram that carried the message is the `length` bytes from `offset` on. */
  message(data: Buffer, bytes: Uint8Array, offset: number, length: number): void;
  /** The peer's close_notify; ours has been sent. */
  closedByPeer(): void;
  /** The handshake failed, or OpenSSL did. Never called for network noise. */
  failed(error: DtlsError): void;
  /** The transport's queue is empty again. */
  drained(): void;
  transportFailed(error: Error, fatal: boolean): void;
  /** The peer is at another address now. */
  moved(from: RemoteAddress, to: RemoteAddress): void;
  /** A datagram came to nothing. */
  dropped(reason: DropReason): void;
  /** `alert` is `level << 8 | description`. */
  alert(direction: 'sent' | 'received', alert: number): void;
}

/** What a driver needs for as long as it lives. */
export interface DriverSetup {
  readonly transport: Transport;
  readonly events: DriverEvents;
  readonly stats: AssociationStats;
  readonly mtu: number;
  /** When the handshake must be complete, in performance.now() milliseconds. */
  readonly deadlineAt: number;
  /** Whether the session collects key log lines. */
  readonly keylog: boolean;
  /** Where they go, too. */
  readonly capture: PacketRecorder | undefined;
  /** 0: any number; undefined: what the suite bears. */
  readonly maxForgedRecords: number | undefined;
}
