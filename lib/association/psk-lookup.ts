import type { ClientPsk, Session } from '../../binding';
import type { RemoteAddress } from '../address';
import { usesPsk } from '../credentials/ciphers';
import { said } from '../errors';
import { ClientPskQuestion, ServerPskQuestion } from '../handshake/psk-question';
import { Alert } from '../handshake/wire';
import { isPromise, type MaybePromise } from '../maybe-promise';
import type { ClientPskCallback } from '../options/client';
import { clientCredentials, keyBytes, MAX_IDENTITY_BYTES } from '../options/psk';
import type { ServerPskCallback } from '../options/server';
import type { SecureContext } from '../secure-context';
import type { Answer, Refusal } from './checkpoint';

// Two identities must not become one: no replacement characters, no byte order mark left out.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Sees the question for a key in a datagram that OpenSSL has not seen yet. Asks once. */
interface Question {
  read(datagram: Uint8Array): Buffer | undefined;
}

type Ask = (asked: Buffer) => MaybePromise<ClientPsk | undefined>;

/**
 * Asks the user's `pskCallback`, once in a handshake, before OpenSSL needs the answer. Whatever the question was read
 * from, OpenSSL uses a server's key only for the identity that it belongs to.
 */
export class PskLookup {
  readonly #question: Question;
  readonly #ask: Ask;
  #isWaiting = false;

  private constructor(question: Question, ask: Ask) {
    this.#question = question;
    this.#ask = ask;
  }

  static ofClient(callback: ClientPskCallback, { pskSuites }: SecureContext): PskLookup {
    return new PskLookup(new ClientPskQuestion((suite) => pskSuites.has(suite)), (hint) =>
      then(callback(hint.toString()), (answer) =>
        answer === null || answer === undefined ? undefined : clientCredentials('pskCallback', answer),
      ),
    );
  }

  /** What the context has a key for is not asked. */
  static ofServer(callback: ServerPskCallback, peer: RemoteAddress, session: Session): PskLookup {
    const isPsk = (): boolean => usesPsk(session.cipherName());
    return new PskLookup(new ServerPskQuestion(isPsk), (identity) => {
      const name = nameOf(identity);
      if (name === undefined || session.knowsIdentity(identity)) return undefined;
      return then(callback(name, peer), (key) =>
        key === null || key === undefined ? undefined : { identity, key: keyBytes('pskCallback', key) },
      );
    });
  }

  /** Whether a promise of the callback is pending. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Undefined when the session has what it needs for this datagram, or will never have it. */
  look(session: Session, datagram: Uint8Array): Answer {
    const asked = this.#question.read(datagram);
    if (asked === undefined) return undefined;
    try {
      const answer = this.#ask(asked);
      if (!isPromise(answer)) {
        this.#take(session, answer);
        return undefined;
      }
      this.#isWaiting = true;
      return this.#wait(session, answer);
    } catch (error) {
      return failed(error);
    }
  }

  async #wait(session: Session, answer: PromiseLike<ClientPsk | undefined>): Promise<Refusal | undefined> {
    try {
      this.#take(session, await answer);
      return undefined;
    } catch (error) {
      return failed(error);
    } finally {
      this.#isWaiting = false;
    }
  }

  #take(session: Session, psk: ClientPsk | undefined): void {
    // The association may have ended while it waited.
    if (psk !== undefined && !session.isDestroyed()) session.setPsk(psk.identity, psk.key);
  }
}

/** The callback threw or rejected, or its answer will not do. The peer may try again: its identity is not to blame. */
function failed(cause: unknown): Refusal {
  const message = `the pskCallback failed: ${said(cause)}`;
  return { code: 'ERR_DTLS_PSK_CALLBACK', message, alert: Alert.InternalError, cause };
}

/** As `Promise.then`, at once when the answer is there. */
function then<T, U>(answer: MaybePromise<T>, convert: (value: T) => U): MaybePromise<U> {
  return isPromise(answer) ? Promise.resolve(answer).then(convert) : convert(answer);
}

/** Undefined for what cannot be anybody's identity, here as in the options. */
function nameOf(identity: Buffer): string | undefined {
  if (identity.length === 0 || identity.length > MAX_IDENTITY_BYTES || identity.includes(0)) return undefined;
  try {
    return utf8.decode(identity);
  } catch {
    return undefined;
  }
}
