import { createHash } from 'node:crypto';
import type { Session } from '../../binding';
import { Alert, type Answer, type Refusal } from '../association/checkpoint';
import { type ClientHello, parseClientHello } from '../handshake/client-hello';
import { isPromise, type MaybePromise } from '../maybe-promise';
import type { ServerConfig, SniCallback } from '../options/server';
import { nativeContextOf, SecureContext } from '../secure-context';

const REFUSE = new Uint8Array();

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
    if (parsed === undefined) return undefined;
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
        throw new TypeError(`it answered ${JSON.stringify(chosen)}, which the client did not offer`);
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
    const use = (context: unknown): Refusal | undefined => {
      if (context === undefined || context === null || session.isDestroyed()) return undefined;
      if (!(context instanceof SecureContext)) {
        return callbackFailed('SNICallback', new TypeError('its answer is not what createSecureContext returns'));
      }
      session.useContext(nativeContextOf(context), this.#sessionIdContext(serverName, context));
      return undefined;
    };
    try {
      const answer = ask(sniCallback, serverName);
      if (!isPromise(answer)) return use(answer);
      return answer.then(use).then(undefined, (error) => callbackFailed('SNICallback', error));
    } catch (error) {
      return callbackFailed('SNICallback', error);
    }
  }
}

/** A callback that takes `done` answers by it, as in `node:tls`; any other by what it returns. */
function ask(callback: SniCallback, name: string): MaybePromise<unknown> {
  if (callback.length < 2) return callback(name, () => {});
  return new Promise((resolve, reject) => {
    callback(name, (error, context) => (error ? reject(error) : resolve(context)));
  });
}

function callbackFailed(name: string, cause: unknown): Refusal {
  const said = cause instanceof Error ? cause.message : String(cause);
  return { code: 'ERR_DTLS_CALLBACK', message: `the ${name} failed: ${said}`, alert: Alert.InternalError, cause };
}
