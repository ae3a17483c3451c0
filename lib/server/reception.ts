import { networkOf, type RemoteAddress } from '../address';
import { endPeer } from '../association/association';
import { publishServerDrop } from '../diagnostics';
import { emitSafely } from '../emit';
import { type Endpoint, peerKey } from '../endpoints/endpoint';
import { clientHelloRandom, isRecord } from '../handshake/wire';
import type { ServerConfig } from '../options/server';
import { ServerNarrator } from '../qt/narrator';
import type { RefusalReason, StrangerDropReason } from '../stats';
import { Admission } from './admission';
import { Doorkeeper } from './doorkeeper';
import { HelloPolicy } from './hello-policy';
import { Migration } from './migration';
import type { PeerEntry } from './peer';
import { peerParts } from './peer-parts';
import type { Residents } from './residents';
import type { DtlsServer, ServerState } from './server';

/** Receives whoever has nothing at this server yet: hellos, devices whose address has changed, noise. */
export class Reception {
  readonly #server: DtlsServer;
  readonly #state: () => ServerState;
  readonly #residents: Residents;
  #config: ServerConfig;
  #helloPolicy: HelloPolicy;
  readonly #admission: Admission;
  readonly #doorkeeper: Doorkeeper;
  readonly #migration: Migration | undefined;
  #endpoint: Endpoint | undefined;

  constructor(server: DtlsServer, config: ServerConfig, residents: Residents, state: () => ServerState) {
    this.#server = server;
    this.#state = state;
    this.#residents = residents;
    this.#config = config;
    this.#helloPolicy = new HelloPolicy(config);
    this.#admission = new Admission(config, server.stats);
    this.#doorkeeper = new Doorkeeper(config.limits, residents.networks);
    if (config.migration) {
      this.#migration = new Migration(residents.networks, (entry, to) => this.#move(entry, to));
    }
  }

  /** From now on there is a way to answer. */
  open(endpoint: Endpoint): void {
    this.#endpoint = endpoint;
  }

  /** Handshakes from now on follow this config. */
  use(config: ServerConfig): void {
    this.#config = config;
    this.#admission.use(config);
    this.#helloPolicy = new HelloPolicy(config);
  }

  setCookieSecrets(secrets: readonly Uint8Array[]): void {
    this.#admission.setCookieSecrets(secrets);
  }

  close(): void {
    this.#admission.destroy();
  }

  /** A datagram for which the endpoint knows nobody. */
  stranger(datagram: Uint8Array, from: RemoteAddress): void {
    // Whose channel was released in the middle of a batch may have begun anew.
    const peer = this.#residents.at(from);
    if (peer !== undefined) peer.datagram(datagram, 0, datagram.length);
    else if (!this.#take(datagram, from)) this.#tellStray(datagram, from);
  }

  /** A datagram that another server's endpoint received; false: it is of no use here. */
  inject(datagram: Uint8Array, from: RemoteAddress): boolean {
    const peer = this.#residents.at(from);
    // A stray was told once, where it comes from; told again, it would go to and fro between servers that drain.
    const isRefused = this.#state() === 'draining' && clientHelloRandom(datagram) !== undefined;
    if (peer === undefined || isRefused) return this.#take(datagram, from);
    peer.datagram(datagram, 0, datagram.length);
    return true;
  }

  /** A hello that begins something new beside what its address has. */
  hello(datagram: Uint8Array, helloRandom: string, from: RemoteAddress): void {
    if (!this.#greet(datagram, helloRandom, from)) this.#tellStray(datagram, from);
  }

  /** Whether a datagram of an unknown address begins or continues something here. */
  #take(datagram: Uint8Array, from: RemoteAddress): boolean {
    const random = clientHelloRandom(datagram);
    if (random !== undefined) return this.#greet(datagram, random, from);
    const state = this.#state();
    const isServing = state === 'listening' || state === 'draining';
    return isServing && this.#migration?.adopt(datagram, from) === true;
  }

  /** False: no hello is taken any more. */
  #greet(datagram: Uint8Array, helloRandom: string, from: RemoteAddress): boolean {
    const state = this.#state();
    if (state === 'draining') this.#refuse('draining', from);
    if (state !== 'listening') return false;
    this.#welcome(datagram, helloRandom, from);
    return true;
  }

  /** Answers a hello; one with a valid cookie, if there is room, begins a handshake. */
  #welcome(datagram: Uint8Array, helloRandom: string, from: RemoteAddress): void {
    const endpoint = this.#endpoint;
    if (endpoint === undefined) return;
    const isVerified = this.#admission.verifies(datagram, peerKey(from), {
      reply: (cookie) => {
        endpoint.sendTo(cookie, from);
        new ServerNarrator(this.#server, from).notVerified();
      },
      ignored: () => this.#drop('hello', from),
    });
    if (!isVerified) return;
    const peer = this.#residents.at(from);
    const standing = { hasPeer: peer !== undefined, replacesHandshake: peer?.isHandshaking ?? false };
    const refusal = this.#doorkeeper.admit(networkOf(from.address), performance.now(), standing);
    if (refusal !== undefined) {
      this.#refuse(refusal, from);
      return;
    }
    const config = this.#config;
    const parts = peerParts(config, this.#helloPolicy, this.#admission.promote(), datagram, from);
    const narrator = new ServerNarrator(this.#server, from);
    this.#residents.welcome({ config, endpoint, from, helloRandom, parts, narrator });
  }

  /** The association of a device follows it. */
  #move(entry: PeerEntry, to: RemoteAddress): void {
    const { successor } = entry.peer;
    this.#residents.move(entry, to, this.#endpoint as Endpoint);
    // It took no place, for it was to replace the one that has moved.
    const passed = successor && this.#doorkeeper.passed(successor.network);
    if (successor === undefined || passed === undefined) return;
    this.#refuse(passed, successor.link.remote);
    endPeer(successor.association, 'replaced');
  }

  #tellStray(datagram: Uint8Array, from: RemoteAddress): void {
    // A hello has been counted already.
    if (clientHelloRandom(datagram) === undefined) this.#drop(isRecord(datagram) ? 'stray' : 'malformed', from);
    // A copy: the memory is the transport's, and is used again.
    if (this.#server.listenerCount('stray') > 0) emitSafely(this.#server, 'stray', Buffer.from(datagram), from);
  }

  #drop(reason: StrangerDropReason, from: RemoteAddress): void {
    this.#server.stats.dropped[reason]++;
    publishServerDrop(this.#server, reason, from);
  }

  #refuse(reason: RefusalReason, from: RemoteAddress): void {
    this.#server.stats.refused[reason]++;
    publishServerDrop(this.#server, reason, from);
  }
}
