import type { Session } from '../../binding';
import { usesPsk } from '../credentials/ciphers';
import type { HandshakeInfo } from '../handshake/info';
import type { HandshakeRecorder } from '../handshake/recorder';
import { Progress } from '../native';
import type { Answer } from './checkpoint';
import type { DriverSetup } from './driver-setup';
import type { HandshakeParts } from './handshake-parts';
import type { Standing } from './peer-judge';

/** The handshake that runs: its datagrams, its checkpoints (docs/credentials.md), the identity that was asked for. */
export class HandshakePhase {
  readonly parts: HandshakeParts;
  readonly #session: Session;
  /** As the session told it last. */
  #progress = 0;
  #isJudged = false;
  #isIdentityTold = false;
  #traces = false;

  constructor(parts: HandshakeParts) {
    this.parts = parts;
    this.#session = parts.session;
  }

  get recorder(): HandshakeRecorder {
    return this.parts.recorder;
  }

  /** Before a server answers the hello. */
  beforeStart(): Answer {
    return this.parts.start?.(this.#session);
  }

  /** Before OpenSSL sees a datagram: makes sure that it has the key for what this asks. */
  beforeFeeding(datagram: Uint8Array): Answer {
    return this.parts.psk?.look(this.#session, datagram);
  }

  /**
   * After each verb, before the peer sees what OpenSSL answers: judges the peer, once, as soon as there is something to
   * judge it by.
   */
  beforeFlushing(): Answer {
    this.#progress = this.#session.progress();
    if (this.#isJudged || (this.#progress & Progress.PeerKnown) === 0) return undefined;
    const answer = this.parts.judge.judge(this.#session);
    this.#isJudged = true;
    return answer;
  }

  /** After a datagram that did not complete the handshake. True when the peer behaves as one with another key does. */
  showsWrongKey(datagram: Uint8Array): boolean {
    const stage = this.#progress & Progress.Stage;
    this.recorder.unresolved(datagram, stage);
    return this.recorder.wrongKeySuspected(stage) && usesPsk(this.#session.cipherName());
  }

  /** The identity that OpenSSL asked a key for, once; undefined when there is nothing new. */
  #takePskIdentity(): string | undefined {
    const isAsked = (this.#progress & Progress.PskRequested) !== 0;
    // A listener to key log lines may have ended the association.
    if (!isAsked || this.#isIdentityTold || this.#session.isDestroyed()) return undefined;
    this.#isIdentityTold = true;
    return this.#session.pskIdentity();
  }

  /** From now on describes itself on stderr. */
  trace(): void {
    this.#traces = true;
    this.#session.setTrace(true);
  }

  /** The association that follows is not described. */
  untrace(): void {
    if (this.#traces) this.#session.setTrace(false);
  }

  /** What came to light about the keys, after datagrams were taken or sent. A listener may end the session. */
  report({ events, keylog, capture }: DriverSetup): void {
    if (this.#traces) process.stderr.write(this.#session.takeTrace());
    if (keylog) {
      const lines = this.#session.takeKeylog();
      if (lines.length > 0) {
        capture?.secrets(lines);
        events.keylog(lines);
      }
    }
    const identity = this.#takePskIdentity();
    if (identity !== undefined) events.pskRequested(identity);
  }

  info(cipherName = this.#session.cipherName()): HandshakeInfo {
    return this.recorder.info(cipherName);
  }

  /** `cipherName` is the session's. */
  standing(cipherName: string): Standing {
    return this.parts.judge.standing(cipherName);
  }
}
