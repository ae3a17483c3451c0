import { networkOf, type RemoteAddress } from '../address';
import { DtlsAssociation, endPeer, tellMoved } from '../association/association';
import type { HandshakeParts } from '../association/handshake-parts';
import { type Host, PeerSetup } from '../association/peer-setup';
import type { Endpoint } from '../endpoints/endpoint';
import { DtlsError } from '../errors';
import type { ServerConfig } from '../options/server';
import { peerInfo, type ServerNarrator } from '../qt/narrator';
import { type AssociationStats, addStats, newAssociationStats, type ServerStats } from '../stats';
import { Networks } from './networks';
import type { Peer, PeerEntry } from './peer';
import { PeerLink } from './peer-link';
import { type HelloHandler, PeerTable } from './peer-table';

export interface ResidentEvents {
  /** A hello from the address of a peer that begins something new. */
  readonly hello: HelloHandler;
  opened(association: DtlsAssociation): void;
  failed(error: Error, peer: RemoteAddress): void;
  keylog(lines: Buffer, association: DtlsAssociation): void;
  moved(association: DtlsAssociation, from: RemoteAddress, to: RemoteAddress): void;
  /** The last of them is gone. */
  emptied(): void;
}

export interface Newcomer {
  readonly config: ServerConfig;
  readonly endpoint: Endpoint;
  readonly from: RemoteAddress;
  readonly helloRandom: string | undefined;
  readonly parts: HandshakeParts;
  readonly narrator: ServerNarrator;
}

/** All peers of a server, from their verified hello to their end. */
export class Residents {
  /** Those whose handshake is complete. */
  readonly associations = new Set<DtlsAssociation>();
  readonly networks = new Networks();
  readonly #table: PeerTable;
  readonly #stats: ServerStats;
  readonly #events: ResidentEvents;
  /** Of associations that have ended. */
  readonly #past: AssociationStats = newAssociationStats();

  constructor(stats: ServerStats, events: ResidentEvents) {
    this.#stats = stats;
    this.#events = events;
    this.#table = new PeerTable(events.hello);
  }

  at(address: RemoteAddress): Peer | undefined {
    return this.#table.get(address);
  }

  entries(): PeerEntry[] {
    return this.#table.entries();
  }

  /** Begins the handshake of a peer that has proved its address. */
  welcome({ config, endpoint, from, helloRandom, parts, narrator }: Newcomer): void {
    const peer = this.#table.open(from, endpoint);
    const link = new PeerLink(from, peer.channel(endpoint), () => this.#ended(entry));
    const host: Host = {
      opened: () => this.#established(entry),
      keylog: (lines) => this.#events.keylog(lines, entry.association),
      failed: (error) => this.#failed(entry, error),
    };
    const setup = new PeerSetup({ name: peerInfo(from), config, narrator, host, transport: link, ...parts });
    const entry: PeerEntry = {
      peer,
      network: this.networks.began(networkOf(from.address)),
      association: new DtlsAssociation(setup),
      link,
      helloRandom,
      idleTicks: 0,
      seenMessages: 0,
      movedAtMs: Number.NEGATIVE_INFINITY,
      formerPort: undefined,
    };
    this.#stats.handshakesStarted++;
    peer.add(entry);
    narrator.verified();
    link.start();
  }

  /** An open association goes on at another address. */
  move(entry: PeerEntry, to: RemoteAddress, endpoint: Endpoint): void {
    const from = entry.link.remote;
    const peer = this.#table.open(to, endpoint);
    this.#table.remove(entry);
    entry.peer = peer;
    peer.settle(entry);
    this.#stats.migrated++;
    entry.link.move(to, entry.peer.channel(endpoint));
    tellMoved(entry.association, from, to);
    this.#events.moved(entry.association, from, to);
  }

  /** Handshakes end without a word; whoever drains has nothing to say to them. */
  endHandshakes(): void {
    for (const { association } of this.entries()) {
      if (!this.associations.has(association)) endPeer(association, 'drained');
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.entries().map(({ association }) => association.close()));
  }

  /** The counters of all associations, those that have ended included. */
  totals(): AssociationStats {
    const sum = newAssociationStats();
    addStats(sum, this.#past);
    for (const { association } of this.entries()) addStats(sum, association.stats);
    return sum;
  }

  #established(entry: PeerEntry): void {
    const { association, peer } = entry;
    this.#stats.handshakesCompleted++;
    if (association.isSessionReused()) this.#stats.handshakesResumed++;
    this.networks.opened(entry);
    this.associations.add(association);
    if (peer.established(entry)) this.#stats.replaced++;
    this.#events.opened(association);
  }

  #failed({ association, link }: PeerEntry, error: Error): void {
    const { handshakeErrors } = this.#stats;
    if (association.handshake === undefined && DtlsError.is(error)) {
      handshakeErrors[error.code] = (handshakeErrors[error.code] ?? 0) + 1;
    }
    this.#events.failed(error, link.remote);
  }

  #ended(entry: PeerEntry): void {
    this.#table.remove(entry);
    addStats(this.#past, entry.association.stats);
    this.associations.delete(entry.association);
    if (!this.networks.ended(entry)) this.#stats.handshakesFailed++;
    if (this.networks.size === 0) this.#events.emptied();
  }
}
