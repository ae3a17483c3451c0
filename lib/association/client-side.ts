import { isIP } from 'node:net';
import type { RemoteAddress } from '../address';
import { DtlsError } from '../errors';
import type { ClientConfig } from '../options/client';
import type { Narrator } from '../qt/narrator';
import { PingTimer } from '../qt/ping';
import type { Transport } from '../transport';
import type { DtlsAssociation } from './association';
import { Backlog } from './backlog';
import { ClientConnector, type ConnectorEvents } from './client-connector';
import type { ReconnectInfo } from './events';
import { clientParts, type HandshakeParts } from './handshake-parts';
import { KeepAlive } from './keep-alive';
import type { Outcome } from './outcome';
import { Reconnector } from './reconnector';
import type { SessionDriver } from './session-driver';

/** What an association does about what its client's side tells; all associations have the same. */
export interface ClientEvents {
  /** As those of `ConnectorEvents`. */
  lookup(association: DtlsAssociation, address: RemoteAddress): void;
  attempt(association: DtlsAssociation, transport: Transport): SessionDriver | undefined;
  failed(association: DtlsAssociation, error: DtlsError): void;
  /** It is time for the next attempt. */
  due(association: DtlsAssociation): void;
  /** The `signal` was. */
  aborted(association: DtlsAssociation, error: DtlsError): void;
}

/** What only a client's association does: it finds its server, keeps the way to it open, and comes back. */
export class ClientSide implements ConnectorEvents {
  readonly config: ClientConfig;
  /** With the option `reconnect`. */
  readonly backlog: Backlog | undefined;
  readonly #association: DtlsAssociation;
  readonly #events: ClientEvents;
  readonly #reconnector: Reconnector | undefined;
  /** Of the attempt that runs, or has failed. */
  #connector: ClientConnector | undefined;
  #ping: PingTimer | undefined;
  #keepAlive: KeepAlive | undefined;
  /** Listens to the `signal`. */
  #onAbort: (() => void) | undefined;

  constructor(config: ClientConfig, association: DtlsAssociation, events: ClientEvents) {
    this.config = config;
    this.#association = association;
    this.#events = events;
    const { reconnect, native, endpoint } = config;
    if (reconnect === undefined) return;
    this.backlog = new Backlog(reconnect.queue);
    this.#reconnector = new Reconnector(reconnect, native.session, () => events.due(association), endpoint?.random);
  }

  get connector(): ClientConnector | undefined {
    return this.#connector;
  }

  /** Whether there is nothing to resolve. */
  get isImmediate(): boolean {
    return this.config.transport !== undefined || isIP(this.config.host) !== 0;
  }

  /** `aborted` is told at once when the signal is already. */
  heedSignal(): void {
    const { signal } = this.config;
    if (signal === undefined) return;
    const onAbort = (): void => {
      const error = new DtlsError('ABORT_ERR', 'The association was aborted.', { cause: signal.reason });
      this.#events.aborted(this.#association, error);
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    this.#onAbort = onAbort;
    signal.addEventListener('abort', onAbort);
  }

  ignoreSignal(): void {
    if (this.#onAbort !== undefined) this.config.signal?.removeEventListener('abort', this.#onAbort);
  }

  lookup(address: RemoteAddress): void {
    this.#events.lookup(this.#association, address);
  }

  attempt(transport: Transport): SessionDriver | undefined {
    return this.#events.attempt(this.#association, transport);
  }

  failed(error: DtlsError): void {
    this.#events.failed(this.#association, error);
  }

  /** Starts an attempt. */
  connect(isReferenced: boolean): void {
    this.#connector = new ClientConnector(this.config, this);
    this.#connector.start();
    if (!isReferenced) this.#connector.unref();
  }

  /** Of each address that an attempt tries. */
  parts(): HandshakeParts {
    const { native } = this.config;
    if (this.#reconnector === undefined) return clientParts(this.config);
    return clientParts(this.config, { ...native, session: this.#reconnector.session });
  }

  /** The attempt succeeded. */
  opened({ session }: Outcome): void {
    this.#connector?.cancel();
    this.#connector = undefined;
    this.#reconnector?.succeeded(session.sessionData(), session.sessionExpiryS() * 1000);
  }

  /** From now on pings and keeps alive, as the options say. */
  keepUp(driver: SessionDriver, narrator: Narrator): void {
    const { pingIntervalMs, keepAlive } = this.config;
    const association = this.#association;
    if (keepAlive !== undefined) {
      this.#keepAlive = new KeepAlive(keepAlive, association, {
        sendEmpty: () => driver.keepAlive(),
        dead: (error: DtlsError) => this.failed(error),
      });
      this.#keepAlive.start();
    }
    if (pingIntervalMs === 0) return;
    this.#ping = new PingTimer(association.name, pingIntervalMs, {
      send: (text) => association.send(text),
      failed: (reason) => narrator.pingFailed?.(reason),
    });
    this.#ping.start();
  }

  /** When to try again; undefined: not at all. */
  nextAttempt(error: Error | undefined): ReconnectInfo | undefined {
    return this.#reconnector?.next(error);
  }

  /** `due` is told after the delay, when the former attempt is `released`. */
  wait(delayMs: number, released: Promise<void>, isReferenced: boolean): void {
    this.#reconnector?.wait(delayMs, released, isReferenced);
  }

  /** The session is over, or the attempt. */
  rest(): void {
    this.#ping?.stop();
    this.#keepAlive?.stop();
    this.#connector?.cancel();
    this.#reconnector?.cancel();
  }

  ref(): void {
    this.#connector?.ref();
    this.#reconnector?.ref();
  }

  unref(): void {
    this.#connector?.unref();
    this.#reconnector?.unref();
  }
}
