import type { RemoteAddress } from '../address';
import type { ClientSignals } from '../qt/narrator';

export interface CloseInfo {
  /**
   * Who ended the association: `close()` or `destroy()` here, the peer's close_notify, an error; on a server also
   * `idleTimeout`, a new handshake of the same peer, or `drain`.
   */
  readonly reason: 'local' | 'peer' | 'error' | 'idle' | 'replaced' | 'drained';
  /** Present when the reason is an error. */
  readonly error?: Error;
}

/** When a client that lost its association tries to connect again. */
export interface ReconnectInfo {
  /** Counted from 1, anew when the association was open for `maxDelay`. */
  readonly attempt: number;
  readonly delayMs: number;
  /** Why the association was lost, or the last attempt failed; absent when the peer closed it. */
  readonly error?: Error | undefined;
}

export interface CipherInfo {
  /** OpenSSL's name. */
  readonly name: string;
  /** IANA's name. */
  readonly standardName: string;
  readonly version: string;
}

/** What a `DtlsAssociation` emits, with the arguments; Qt's four signals included. */
export interface DtlsAssociationEvents extends ClientSignals {
  /** The handshake is complete. */
  secureConnect: [];
  /** One message of the peer, whole. It shares its memory with others: whoever keeps it keeps up to 64 KiB. */
  message: [data: Buffer];
  /** After `send` returned false: there is room again. */
  drain: [];
  /** For good. */
  close: [info: CloseInfo];
  /** With the option `reconnect`: the association was lost and is not open any more. */
  disconnect: [info: CloseInfo];
  /** With the option `reconnect`: the next attempt begins after the delay. */
  reconnecting: [info: ReconnectInfo];
  /** Always fatal, and followed by `close`. */
  error: [error: Error];
  /** The retransmission timer sent a flight again. */
  handshakeTimeout: [];
  /** As a client, right after `secureConnect`: what `getSession()` returns, when the session can be resumed. */
  session: [session: Buffer];
  /** With the option `keylog`: NSS key log lines, each ended by a line feed. */
  keylog: [lines: Buffer];
  /** On a server: the peer has another port of its address from now on, and `remote` with it. */
  addressChange: [from: RemoteAddress, to: RemoteAddress];
  /** An address of the host is tried. */
  lookup: [address: RemoteAddress];
}
