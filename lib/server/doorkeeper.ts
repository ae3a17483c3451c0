import type { LimitsConfig } from '../options/limits';
import type { RefusalReason } from '../stats';
import type { Network, Networks } from './networks';
import { RateLimit } from './rate-limit';

/** Whether a server has room for another handshake. */
export class Doorkeeper {
  readonly #limits: LimitsConfig;
  readonly #networks: Networks;
  readonly #rate: RateLimit;

  constructor(limits: LimitsConfig, networks: Networks) {
    this.#limits = limits;
    this.#networks = networks;
    this.#rate = new RateLimit(limits.handshakesPerSecond, limits.handshakesPerSecondPerAddress);
  }

  /**
   * The limit that a handshake from this network would break, if any; with none, it counts as begun. One that takes the
   * place of another handshake (`replacesHandshake`), or in time of an open association, takes no room.
   */
  admit(network: string, nowMs: number, { hasPeer = false, replacesHandshake = false }): RefusalReason | undefined {
    const full = replacesHandshake ? undefined : this.#fullFor(network, hasPeer);
    if (full !== undefined) return full;
    const rate = this.#rate.exceeded(network, nowMs);
    if (rate !== undefined) return rate === 'key' ? 'handshakesPerSecondPerAddress' : 'handshakesPerSecond';
    this.#rate.spend(network);
    return undefined;
  }

  /** The limit that a network, or all, have passed; undefined: none. */
  passed({ handshakes, open }: Network): RefusalReason | undefined {
    const { maxAssociations, maxAssociationsPerAddress } = this.#limits;
    if (handshakes + open.size > maxAssociationsPerAddress) return 'maxAssociationsPerAddress';
    return this.#networks.size > maxAssociations ? 'maxAssociations' : undefined;
  }

  #fullFor(network: string, hasPeer: boolean): RefusalReason | undefined {
    const { maxAssociations, maxAssociationsPerAddress, maxHandshakes, maxHandshakesPerAddress } = this.#limits;
    const its = this.#networks.get(network);
    const handshakes = its?.handshakes ?? 0;
    if (handshakes >= maxHandshakesPerAddress) return 'maxHandshakesPerAddress';
    if (this.#networks.handshakes >= maxHandshakes) return 'maxHandshakes';
    if (hasPeer) return undefined;
    if (handshakes + (its?.open.size ?? 0) >= maxAssociationsPerAddress) return 'maxAssociationsPerAddress';
    return this.#networks.size >= maxAssociations ? 'maxAssociations' : undefined;
  }
}
