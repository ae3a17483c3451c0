import type { Listener, Session } from '../../binding';
import { binding, Verdict } from '../native';
import type { ServerConfig } from '../options/server';
import { nativeContextOf } from '../secure-context';
import { Slab } from '../slab';
import type { ServerStats } from '../stats';
import { CookieKeys } from './cookie-keys';

const replies = new Slab();

export interface AdmissionEvents {
  /** A HelloVerifyRequest for whoever sent the hello. */
  reply(datagram: Buffer): void;
  /** The hello cannot be answered. */
  ignored(): void;
}

/**
 * The door of a server: answers hellos statelessly, and lets in whoever returns the cookie sent to its address
 * (RFC 6347 section 4.2.1). Nothing is remembered about anybody else.
 */
export class Admission {
  #listener: Listener;
  readonly #cookieKeys: CookieKeys;
  readonly #stats: ServerStats;
  readonly #mtu: number;

  constructor(config: ServerConfig, stats: ServerStats) {
    this.#listener = new binding.Listener(nativeContextOf(config.secureContext), config.native);
    this.#cookieKeys = new CookieKeys(config.cookieSecrets);
    this.#stats = stats;
    this.#mtu = config.mtu;
  }

  /** Whether a hello has the cookie of its sender, whose address `key` names; if not, it was answered or ignored. */
  verifies(hello: Uint8Array, key: string, events: AdmissionEvents): boolean {
    const keys = this.#cookieKeys.rotate(Date.now());
    if (keys !== undefined) this.#listener.setCookieKeys([...keys]);
    switch (this.#listener.accept(hello, Buffer.from(key))) {
      case Verdict.Verified:
        return true;
      case Verdict.Reply:
        this.#reply(events);
        return false;
      default:
        events.ignored();
        return false;
    }
  }

  /** The session of the hello that was verified last. */
  promote(): Session {
    return this.#listener.promote();
  }

  /** From the next hello on, a handshake follows this config. */
  use(config: ServerConfig): void {
    this.#listener.destroy();
    this.#listener = new binding.Listener(nativeContextOf(config.secureContext), config.native);
    this.#listener.setCookieKeys([...this.#cookieKeys.latest]);
  }

  setCookieSecrets(secrets: readonly Uint8Array[]): void {
    this.#cookieKeys.use(secrets);
  }

  destroy(): void {
    this.#listener.destroy();
  }

  #reply(events: AdmissionEvents): void {
    const size = this.#listener.takeDatagram(replies.reserve(this.#mtu), replies.offset);
    if (size === 0) return;
    this.#stats.cookiesSent++;
    events.reply(replies.take(size));
  }
}
