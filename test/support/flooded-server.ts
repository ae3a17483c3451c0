import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { AssociationStats, ServerOptions, ServerStats } from '../../lib';
import { closeLater, key } from './pair';

const CHILD = path.join(__dirname, '../integration/children/flooded-server.cjs');

/** After garbage collection. */
export interface FloodedServerState {
  rss: number;
  /** How many are open. */
  associations: number;
  stats: ServerStats;
  totals: AssociationStats;
}

/** An echo server of the built package on 127.0.0.1, in a process of its own that ends with the test. */
export class FloodedServer {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(options: Partial<ServerOptions> = {}): Promise<FloodedServer> {
    const child = fork(CHILD, { execArgv: ['--expose-gc'], serialization: 'advanced' });
    const exited = once(child, 'exit');
    closeLater({
      async close() {
        child.kill('SIGKILL');
        await exited;
      },
    });
    return new FloodedServer(child, await ask(child, { psk: { alice: key }, ...options }));
  }

  state(): Promise<FloodedServerState> {
    return ask(this.#child, 'state');
  }
}

async function ask<T>(child: ChildProcess, question: object | string): Promise<T> {
  const answer = once(child, 'message');
  child.send(question);
  const [value] = await answer;
  return value as T;
}
