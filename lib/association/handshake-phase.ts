import type { Session } from '../../binding';
import { usesPsk } from '../credentials/ciphers';
import type { HandshakeInfo } from '../handshake/info';
import type { HandshakeRecorder } from '../handshake/recorder';
import type { Answer } from './checkpoint';
import type { DriverSetup } from './driver-setup';
import type { HandshakeParts } from './handshake-parts';
import type { Standing } from './peer-judge';

/** The handshake that runs: its datagrams, its checkpoints (docs/credentials.md), the identity that was asked for. */
export class HandshakePhase {
  readonly parts: HandshakeParts;
  #isJudged = false;
  #pskIdentity = '';
  #traces = false;

  constructor(parts: HandshakeParts) {
    this.parts = parts;
  }

  get recorder(): HandshakeRecorder {
    return this.parts.recorder;
  }

  get #session(): Session {
    return this.parts.session;
  }

  /** Before a server answers the hello. */
  beforeStart(): Answer {
    return this.parts.start?.(this.#session);
  }

  /** Before OpenSSL sees a datagram: makes sure that it has the key for what this asks. */
  beforeFeeding(datagram: Uint8Array): Answer {
    return this.parts.psk?.look(this.#session, datagram);
  }

  /** Before the peer sees what OpenSSL answers: once, as soon as there is something to judge it by. */
  beforeFlushing(): Answer {
    if (this.#isJudged || !this.#session.isPeerKnown()) return undefined;
    const answer = this.parts.judge.judge(this.#session);
    this.#isJudged = true;
    return answer;
  }

  /** After a datagram that did not complete the handshake. True when the peer behaves as one with another key does. */
  showsWrongKey(datagram: Uint8Array): boolean {
    const stage = this.#session.stage();
    this.recorder.unresolved(datagram, stage);
    return this.recorder.wrongKeySuspected(stage) && usesPsk(this.#session.cipherName());
  }

  /** The identity that OpenSSL asked a key for, once; undefined when there is nothing new. */
  #takePskIdentity(): string | undefined {
    if (this.#pskIdentity !== '' || !this.#session.takePskRequested()) return undefined;
    this.#pskIdentity = this.#session.pskIdentity().toString();
    return this.#pskIdentity;
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
    const identity = this.#session.isDestroyed() ? undefined : this.#takePskIdentity();
    if (identity !== undefined) events.pskRequested(identity);
  }

  info(): HandshakeInfo {
    return this.recorder.info(this.#session.cipherName());
  }

  standing(): Standing {
    return this.parts.judge.standing(this.#session);
  }
}
