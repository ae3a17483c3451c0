import type { EventEmitter } from 'node:events';
import type { RemoteAddress } from '../address';
import type { Negotiated } from '../association/outcome';
import { emitSafely } from '../emit';

/** Qt's signals, the same on its example client and server but for the last. */
interface MessageSignals {
  infoMessage: [message: string];
  warningMessage: [message: string];
  errorMessage: [message: string];
}

/** The signals of `DtlsAssociation` in Qt's DTLS client example. */
export interface ClientSignals extends MessageSignals {
  /** `datagram` is the encrypted one, valid during the call; `plainText` the message in it. */
  serverResponse: [clientInfo: string, datagram: Uint8Array, plainText: Buffer];
}

/** The signals of `DtlsServer` in Qt's DTLS server example. */
export interface ServerSignals extends MessageSignals {
  /** `cipherText` is valid during the call. */
  datagramReceived: [peerInfo: string, cipherText: Uint8Array, plainText: Buffer];
}

/**
 * What an association has to tell, in the order in which it happens. The narrators below turn it into the texts
 * of Qt's example programs, word for word, and do nothing while nobody listens. Optional is what only a client has.
 */
export interface Narrator {
  connecting?(): void;
  connected?(): void;
  startFailed?(reason: string): void;
  /** Our first flight is out. */
  started(): void;
  continuing(): void;
  pskRequested(identity: string): void;
  established(negotiated: Negotiated): void;
  handshakeFailed(reason: string): void;
  retransmitting?(): void;
  transportError?(): void;
  closedByPeer(): void;
  failed(reason: string): void;
  pingFailed?(reason: string): void;
  /** Whether `message` has any effect. */
  readonly isAskedForMessages: boolean;
  message(datagram: Uint8Array, plainText: Buffer): void;
}

type Level = keyof MessageSignals;

/** Speaks as Qt's DTLS client example. */
export class ClientNarrator implements Narrator {
  readonly #emitter: EventEmitter;
  readonly #name: string;

  constructor(emitter: EventEmitter, name: string) {
    this.#emitter = emitter;
    this.#name = name;
  }

  connecting(): void {
    this.#say('infoMessage', 'connecting UDP socket first ...');
  }

  connected(): void {
    this.#say('infoMessage', 'UDP socket is now in ConnectedState, continue with handshake ...');
  }

  started(): void {
    this.#say('infoMessage', 'starting a handshake');
  }

  startFailed(reason: string): void {
    this.#say('errorMessage', `failed to start a handshake - ${reason}`);
  }

  continuing(): void {
    this.#say('infoMessage', 'continuing with handshake ...');
  }

  pskRequested(): void {
    this.#say('infoMessage', 'providing pre-shared key ...');
  }

  established(): void {
    this.#say('infoMessage', 'encrypted connection established!');
  }

  handshakeFailed(reason: string): void {
    this.#say('errorMessage', `handshake error - ${reason}`);
  }

  retransmitting(): void {
    this.#say('warningMessage', 'handshake timeout, trying to re-transmit');
  }

  transportError(): void {
    this.#say('warningMessage', 'spurious read notification?');
  }

  closedByPeer(): void {
    this.#say('errorMessage', 'shutdown alert received');
  }

  failed(reason: string): void {
    this.#say('errorMessage', reason);
  }

  pingFailed(reason: string): void {
    this.#say('errorMessage', `failed to send a ping - ${reason}`);
  }

  get isAskedForMessages(): boolean {
    return this.#emitter.listenerCount('serverResponse') > 0;
  }

  message(datagram: Uint8Array, plainText: Buffer): void {
    emitSafely(this.#emitter, 'serverResponse', this.#name, datagram, plainText);
  }

  #say(level: Level, text: string): void {
    if (this.#emitter.listenerCount(level) > 0) emitSafely(this.#emitter, level, `${this.#name}: ${text}`);
  }
}

/** Speaks about one peer as Qt's DTLS server example; `emitter` is the server. */
export class ServerNarrator implements Narrator {
  readonly #emitter: EventEmitter;
  readonly #peer: string;

  constructor(emitter: EventEmitter, peer: RemoteAddress) {
    this.#emitter = emitter;
    this.#peer = peerInfo(peer);
  }

  notVerified(): void {
    this.#say('infoMessage', () => `${this.#peer}: not verified yet`);
  }

  verified(): void {
    this.#say('infoMessage', () => `${this.#peer}: verified, starting a handshake`);
  }

  started(): void {
    this.continuing();
  }

  continuing(): void {
    this.#say('infoMessage', () => `${this.#peer}: handshake is in progress ...`);
  }

  pskRequested(identity: string): void {
    this.#say('infoMessage', () => `PSK callback, received a client's identity: '${identity}'`);
  }

  established({ cipherName, protocol }: Negotiated): void {
    const version = protocol === 'DTLSv1.2' ? 'DTLS 1.2.' : 'Unknown protocol.';
    this.#say(
      'infoMessage',
      () => `Connection with ${this.#peer} encrypted. Session cipher: ${cipherName}; session protocol: ${version}`,
    );
  }

  handshakeFailed(reason: string): void {
    this.#say('errorMessage', () => reason);
  }

  closedByPeer(): void {
    this.#say('errorMessage', () => `${this.#peer}: The DTLS connection has been shutdown`);
  }

  failed(reason: string): void {
    this.#say('errorMessage', () => `${this.#peer}: ${reason}`);
  }

  get isAskedForMessages(): boolean {
    return this.#emitter.listenerCount('datagramReceived') > 0;
  }

  message(datagram: Uint8Array, plainText: Buffer): void {
    emitSafely(this.#emitter, 'datagramReceived', this.#peer, datagram, plainText);
  }

  #say(level: Level, text: () => string): void {
    if (this.#emitter.listenerCount(level) > 0) emitSafely(this.#emitter, level, text());
  }
}

/** "(127.0.0.1:22334)", as Qt's example names a peer. */
export function peerInfo({ address, port }: RemoteAddress): string {
  return `(${address}:${port})`;
}
