import { networkOf, type RemoteAddress } from '../address';
import { adoptDatagram, recordsAhead } from '../association/association';
import { isSingleCiphertext } from '../handshake/wire';
import { type Network, type Networks, someOf } from './networks';
import type { PeerEntry } from './peer';
import { RateLimit } from './rate-limit';

/** How many associations of the address are looked at for one record; the next record finds others. */
const MAX_SEARCHED = 1000;
/** So many records may have been lost since the last that came: as many as a device sends while its NAT forgets it. */
const MAX_RECORDS_AHEAD = 4096;
/**
 * To try a record on an association costs about 4 us, a tenth of that to look whether its number fits: of 20,000 trials
 * a second a core does little else than a tenth of its time, and a thousand devices behind one NAT are found in half a
 * minute though their numbers are all alike.
 */
const TRIALS_PER_SECOND = 20_000;
const TRIALS_PER_SECOND_PER_ADDRESS = 10_000;
const TRIALS_PER_LOOK = 0.1;
/** An association moves once in so many milliseconds, but for the way back. */
const MIN_STAY_MS = 1000;

/**
 * Finds the association of a record whose sender is unknown: a device behind a NAT that has given it another port. Only
 * those of the same address come into question, only a record that is newer than all before, and only when it
 * authenticates. docs/security.md says what that is worth.
 */
export class Migration {
  readonly #networks: Networks;
  readonly #move: (entry: PeerEntry, to: RemoteAddress) => void;
  readonly #rate = new RateLimit(TRIALS_PER_SECOND, TRIALS_PER_SECOND_PER_ADDRESS);

  /** `move` is called for an association that is at another address now, before what the record brought is told. */
  constructor(networks: Networks, move: (entry: PeerEntry, to: RemoteAddress) => void) {
    this.#networks = networks;
    this.#move = move;
  }

  /** False: the record belongs to no association, or cannot be tried now. */
  adopt(datagram: Uint8Array, from: RemoteAddress): boolean {
    if (!isSingleCiphertext(datagram)) return false;
    const network = this.#networks.get(networkOf(from.address));
    if (network === undefined || network.open.size === 0) return false;
    const nowMs = performance.now();
    if (this.#rate.exceeded(network.name, nowMs) !== undefined) return false;
    return this.#candidates(network, datagram, from, nowMs).some((entry) => {
      if (this.#rate.exceeded(network.name, nowMs) !== undefined) return false;
      this.#rate.spend(network.name);
      return adoptDatagram(entry.association, datagram, () => {
        entry.movedAtMs = nowMs;
        entry.formerPort = entry.link.remote.port;
        this.#move(entry, from);
      });
    });
  }

  /** Whose record it may be, the nearest by number first. */
  #candidates(network: Network, datagram: Uint8Array, from: RemoteAddress, nowMs: number): PeerEntry[] {
    const candidates: Array<{ entry: PeerEntry; ahead: number }> = [];
    let looks = 0;
    for (const entry of someOf(network, MAX_SEARCHED)) {
      looks++;
      if (!mayMove(entry, from, nowMs)) continue;
      const ahead = recordsAhead(entry.association, datagram);
      if (ahead > 0 && ahead <= MAX_RECORDS_AHEAD) candidates.push({ entry, ahead });
    }
    this.#rate.spend(network.name, looks * TRIALS_PER_LOOK);
    candidates.sort((one, other) => one.ahead - other.ahead);
    return candidates.map(({ entry }) => entry);
  }
}

function mayMove({ link, movedAtMs, formerPort }: PeerEntry, from: RemoteAddress, nowMs: number): boolean {
  // Whoever sent the record on gets what its own address would get anyway.
  if (link.remote.address !== from.address) return false;
  return nowMs - movedAtMs >= MIN_STAY_MS || formerPort === from.port;
}
