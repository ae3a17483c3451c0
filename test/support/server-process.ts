import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import path from 'node:path';
import { afterEach } from '@jest/globals';
import type { DrainOptions, ListenOptions, RemoteAddress, ServerOptions, ServerStats, TicketKeys } from '../../lib';
import { key } from './pair';

/** Uses the built package. */
export const ECHO_SERVER = path.join(__dirname, '../integration/children/echo-server.cjs');

const running = new Set<ServerProcess>();

afterEach(() => Promise.all([...running].map((server) => server.kill())));

export interface ServerProcessStats extends ServerStats {
  /** How many are open. */
  associations: number;
}

interface Events {
  stray: [datagram: Buffer, from: RemoteAddress];
}

/** An echo server in a process of its own, which ends with the test. */
export class ServerProcess extends EventEmitter<Events> {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #answers = new Map<number, (result: unknown) => void>();
  #calls = 0;

  /** The child runs ECHO_SERVER, with the serialization "advanced". */
  constructor(child: ChildProcess) {
    super();
    this.#child = child;
    this.#exited = once(child, 'exit').then(() => running.delete(this));
    running.add(this);
    child.on('message', (message: { id: number; result: unknown } | { stray: Events['stray'] }) => {
      if ('stray' in message) this.emit('stray', ...message.stray);
      else this.#answers.get(message.id)?.(message.result);
    });
  }

  static fork(): ServerProcess {
    return new ServerProcess(fork(ECHO_SERVER, { serialization: 'advanced' }));
  }

  /** A server on a port of its own, unless one is given. */
  static async start(options: Partial<ServerOptions>, port = 0): Promise<{ server: ServerProcess; port: number }> {
    const server = ServerProcess.fork();
    return { server, port: await server.listen(options, { port }) };
  }

  /** Resolves with the port. */
  listen(options: Partial<ServerOptions>, listenOptions: ListenOptions): Promise<number> {
    return this.#call('listen', { psk: { alice: key }, ...options }, { address: '127.0.0.1', ...listenOptions });
  }

  stats(): Promise<ServerProcessStats> {
    return this.#call('stats');
  }

  inject(datagram: Uint8Array, from: RemoteAddress): Promise<boolean> {
    return this.#call('inject', datagram, from);
  }

  setTicketKeys(keys: TicketKeys): Promise<void> {
    return this.#call('setTicketKeys', keys);
  }

  setCookieSecret(secret: Uint8Array | readonly Uint8Array[]): Promise<void> {
    return this.#call('setCookieSecret', secret);
  }

  drain(options: DrainOptions): Promise<void> {
    return this.#call('drain', options);
  }

  /** As `kill -9` does; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async #call<T>(name: string, ...args: unknown[]): Promise<T> {
    const id = this.#calls++;
    const answer = new Promise<unknown>((resolve) => this.#answers.set(id, resolve));
    // That it could not be sent, because the process is gone, is told by its end.
    this.#child.send({ id, name, args }, () => {});
    const ended = this.#exited.then(() => {
      throw new Error(`the server process ended before it answered ${name}`);
    });
    const result = await Promise.race([answer, ended]);
    this.#answers.delete(id);
    return result as T;
  }
}
