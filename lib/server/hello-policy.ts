import { createHash } from 'node:crypto';
import type { Session } from '../../binding';
import type { Answer, Refusal } from '../association/checkpoint';
import { said } from '../errors';
import { type ClientHello, parseClientHello } from '../handshake/client-hello';
import { Alert } from '../handshake/wire';
import { isPromise, type MaybePromise } from '../maybe-promise';
import { show } from '../options/check';
import type { ServerConfig, SniCallback } from '../options/server';
import { isSecureContext, nativeContextOf, type SecureContext } from '../secure-context';

const REFUSE = new Uint8Array();

const UNREADABLE: Refusal = {
  code: 'ERR_DTLS_HANDSHAKE',
  message: 'its ClientHello is not as it should be, or does not come alone',
  alert: Alert.DecodeError,
};

const NO_HOST_NAME: Refusal = {
  code: 'ERR_DTLS_HANDSHAKE',
  message: 'it asks for a server name that is no host name',
  alert: Alert.UnrecognizedName,
};

/** What a server decides by a client's hello, before it answers: the context of a name, and the protocol. */
export class HelloPolicy {
  readonly #config: ServerConfig;

  constructor(config: ServerConfig) {
    this.#config = config;
  }

  /** Undefined when nothing depends on the hello. */
  checkpoint(hello: Uint8Array): ((session: Session) => Answer) | undefined {
    const { sniCallback, alpnCallback, alpnProtocols } = this.#config;
    if (sniCallback === undefined && alpnCallback === undefined && alpnProtocols.length === 0) return undefined;
    const parsed = parseClientHello(hello);
    // OpenSSL may understand more; but a policy that can be stepped around is none.
    if (parsed === undefined) return () => UNREADABLE;
    return (session) => this.#selectProtocol(session, parsed) ?? this.#selectContext(session, parsed);
  }

  #selectProtocol(session: Session, { alpnProtocols: offered, serverName }: ClientHello): Refusal | undefined {
    const { alpnCallback, alpnProtocols } = this.#config;
    const protocols = offered.map((bytes) => Buffer.from(bytes, 'latin1').toString());
    if (offered.length === 0 || (alpnCallback === undefined && alpnProtocols.length === 0)) return undefined;
    try {
      const chosen =
        alpnCallback === undefined
          ? alpnProtocols.find((protocol) => protocols.includes(protocol))
          : alpnCallback({ servername: serverName ?? '', protocols });
      const bytes = chosen === undefined ? undefined : offered[protocols.indexOf(chosen)];
      if (chosen !== undefined && bytes === undefined) {
        throw new TypeError(`it answered ${show(chosen)}, which the client did not offer`);
      }
      session.selectAlpn(bytes === undefined ? REFUSE : Buffer.from(bytes, 'latin1'));
      return undefined;
    } catch (error) {
      return callbackFailed('ALPNCallback', error);
    }
  }

  /** A session that was made for one name must not be resumed for another (RFC 6066 section 3), or with other trust. */
  #sessionIdContext(serverName: string, { trustDigest }: SecureContext): Buffer {
    const { sessionIdContext } = this.#config.native;
    return createHash('sha256').update(sessionIdContext).update(trustDigest).update(serverName).digest();
  }

  #selectContext(session: Session, { serverName }: ClientHello): Answer {
    const { sniCallback } = this.#config;
    if (sniCallback === undefined || serverName === undefined) return undefined;
    if (serverName === '') return NO_HOST_NAME;
    const use = (context: unknown): Refusal | undefined => {
      if (context === undefined || context === null || session.isDestroyed()) return undefined;
      if (!isSecureContext(context)) {
        return callbackFailed('SNICallback', new TypeError('its answer is not what createSecureContext returns'));
      }
      const sessionIdContext = this.#sessionIdContext(serverName, context);
      session.useContext(nativeContextOf(context), sessionIdContext, !context.hasTrust);
      return undefined;
    };
    try {
      const answer = ask(sniCallback, serverName);
      if (!isPromise(answer)) return use(answer);
      const decided = Promise.resolve(answer).then(use);
      return decided.catch((error) => callbackFailed('SNICallback', error));
    } catch (error) {
      return callbackFailed('SNICallback', error);
    }
  }
}

/** A callback that takes `done` answers by it, as in `node:tls`; any other by what it returns, or by a promise. */
function ask(callback: SniCallback, name: string): MaybePromise<unknown> {
  if (callback.length < 2) {
    let answer: unknown;
    const returned = callback(name, (error, context) => {
      if (error) throw error;
      answer = context;
    });
    return returned ?? answer;
  }
  return new Promise((resolve, reject) => {
    const returned = callback(name, (error, context) => (error ? reject(error) : resolve(context)));
    // An async function may fail before it calls `done`.
    if (isPromise(returned)) returned.then(undefined, reject);
  });
}

function callbackFailed(name: string, cause: unknown): Refusal {
  const message = `the ${name} failed: ${said(cause)}`;
  return { code: 'ERR_DTLS_CALLBACK', message, alert: Alert.InternalError, cause };
}
