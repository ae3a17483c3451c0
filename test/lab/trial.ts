import { jest } from '@jest/globals';
import { createServer, DtlsAssociation, type DtlsError, type DtlsServer } from '../../lib';
import { deliverAll, Network, type Rule } from '../../lib/testing';
import type { Kind } from './kinds';
import { runOut } from './virtual-time';

export type LaneName = 'toServer' | 'toClient';
export const LANES: readonly LaneName[] = ['toServer', 'toClient'];

/** What befalls one handshake. The datagrams of each lane are counted from its first on. */
export interface Case {
  readonly name: string;
  readonly toServer?: Rule;
  readonly toClient?: Rule;
}

/** How a handshake ended. */
export interface Outcome {
  readonly name: string;
  /** "open", or the code of the error; "open, then" that of a later one. */
  readonly client: string;
  /** The same of the server's side; "nobody": no hello got so far. Of several associations, joined by " + ". */
  readonly server: string;
  /** Of the client's error, and of the server's last. */
  readonly clientAlert: string | undefined;
  readonly serverAlert: string | undefined;
  readonly isResumed: boolean;
  /** Both sides are open, and a message of each reached the other, once and intact. */
  readonly talks: boolean;
  /** What the server has when the client is closed: states of associations, and how many handshakes. */
  readonly left: { readonly associations: readonly string[]; readonly handshakes: number };
  /** Sizes of the datagrams that each lane was given, in order. */
  readonly sizes: Readonly<Record<LaneName, readonly number[]>>;
  /** Until the client knew, in milliseconds. */
  readonly tookMs: number;
}

/** Tries all cases at once, each over a network of its own, in the same virtual time. */
export async function tryAll(kind: Kind, cases: readonly Case[]): Promise<Outcome[]> {
  // OpenSSL's sessions expire by the system's clock.
  jest.setSystemTime(jest.getRealSystemTime());
  const trials = cases.map((each) => new Trial(kind, each));
  await Promise.all(trials.map((trial) => trial.listen()));
  if (kind.isResumed) await inTurns(trials, [(trial) => trial.startFirst(), (trial) => trial.closeFirst()]);
  await inTurns(trials, [
    (trial) => trial.start(),
    (trial) => trial.speak(),
    (trial) => trial.closeClient(),
    (trial) => trial.closeServer(),
  ]);
  const timers = jest.getTimerCount();
  if (timers > 0) throw new Error(`${timers} timers are left`);
  return trials.map((trial) => trial.outcome());
}

/** Each step of all trials, then whatever follows from it. */
async function inTurns(
  trials: readonly Trial[],
  steps: ReadonlyArray<(trial: Trial) => Promise<unknown> | undefined>,
): Promise<void> {
  for (const step of steps) {
    const done = trials.map(step);
    await runOut();
    await Promise.all(done);
  }
}

class Trial {
  readonly #network = new Network({ seed: 1 });
  readonly #case: Case;
  readonly #kind: Kind;
  readonly #server: DtlsServer;
  #first: DtlsAssociation | undefined;
  #session: Buffer | undefined;
  #client: DtlsAssociation | undefined;
  readonly #counted = { toServer: 0, toClient: 0 };
  readonly #clientEnds: string[] = [];
  readonly #serverEnds: string[] = [];
  #clientAlert: string | undefined;
  #serverAlert: string | undefined;
  readonly #heard: string[] = [];
  #isResumed = false;
  #talks = false;
  #startedMs = 0;
  #tookMs = 0;
  #left: Outcome['left'] = { associations: [], handshakes: 0 };
  #sizes: Outcome['sizes'] = { toServer: [], toClient: [] };

  constructor(kind: Kind, each: Case) {
    this.#kind = kind;
    this.#case = each;
    this.#server = createServer(kind.server);
  }

  async listen(): Promise<void> {
    await this.#server.listen({ transport: this.#network.server });
  }

  startFirst(): undefined {
    this.#first = this.#connect();
  }

  closeFirst(): Promise<unknown> | undefined {
    this.#session = this.#first?.getSession();
    return this.#first?.close();
  }

  start(): undefined {
    for (const lane of LANES) {
      const first = this.#network[lane].sent.length;
      const rule = this.#case[lane] ?? deliverAll;
      this.#counted[lane] = first;
      this.#network[lane].rule = (datagram, n, client) => rule(datagram, n - first, client);
    }
    this.#watchServer();
    this.#startedMs = performance.now();
    this.#client = this.#connect();
    this.#watchClient(this.#client);
  }

  /** Each side that is open sends a message, over a network that does no harm any more. */
  speak(): undefined {
    const sizes = (lane: LaneName) => this.#network[lane].sent.slice(this.#counted[lane]).map(({ length }) => length);
    this.#sizes = { toServer: sizes('toServer'), toClient: sizes('toClient') };
    for (const lane of LANES) this.#network[lane].rule = deliverAll;
    for (const one of [this.#client, ...this.#server.associations]) if (one?.state === 'open') one.send('hello');
  }

  closeClient(): Promise<unknown> | undefined {
    this.#talks = this.#heard.sort().join() === 'client: hello,server: hello';
    this.#isResumed = this.#client?.isSessionReused() === true;
    // With no timer left it would stay so for ever.
    if (this.#client?.state === 'handshaking') this.#clientEnds.push('hangs');
    return this.#client?.close();
  }

  closeServer(): Promise<unknown> {
    const { associations, handshakes } = this.#server;
    this.#left = { associations: [...associations].map(({ state }) => state), handshakes };
    return this.#server.close();
  }

  outcome(): Outcome {
    return {
      name: this.#case.name,
      client: this.#clientEnds.join(', then '),
      server: this.#serverEnds.join(' + ') || 'nobody',
      clientAlert: this.#clientAlert,
      serverAlert: this.#serverAlert,
      isResumed: this.#isResumed,
      talks: this.#talks,
      left: this.#left,
      sizes: this.#sizes,
      tookMs: this.#tookMs,
    };
  }

  #connect(): DtlsAssociation {
    const session = this.#session === undefined ? {} : { session: this.#session };
    const transport = this.#network.client();
    return new DtlsAssociation({ transport, ...this.#kind.client, ...session }).startHandshake();
  }

  #watchServer(): void {
    this.#server.on('secureConnection', (peer) => {
      this.#serverEnds.push('open');
      peer.on('message', (message) => this.#heard.push(`server: ${message}`));
    });
    this.#server.on('peerError', (error) => {
      const { code, alert } = error as DtlsError;
      this.#serverEnds.push(code);
      this.#serverAlert = alert;
    });
  }

  #watchClient(client: DtlsAssociation): void {
    const ended = (how: string, alert?: string): void => {
      this.#clientEnds.push(how);
      this.#clientAlert = alert;
      this.#tookMs = performance.now() - this.#startedMs;
    };
    client.on('secureConnect', () => ended('open'));
    client.on('error', (error) => {
      const { code, alert } = error as DtlsError;
      ended(code, alert);
    });
    client.on('message', (message) => this.#heard.push(`client: ${message}`));
  }
}
