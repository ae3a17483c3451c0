import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missing, programs } from './debian';
import { PeerProcess } from './process';

export const redisProblem = missing(programs('redis-server'), ['redis-server']);

const READY = /[Rr]eady to accept connections/;

/** A Redis of our own that keeps nothing; it listens on a socket in a temporary folder and on no port. */
export class RedisServer implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'dtls-redis-'));
  #process: PeerProcess | undefined;

  static async start(): Promise<RedisServer> {
    const server = new RedisServer();
    await server.start();
    return server;
  }

  get url(): string {
    return `unix://${this.#socket}`;
  }

  /** Starts it, empty, at the same place. */
  async start(): Promise<void> {
    const files = ['--dir', this.#directory, '--unixsocket', this.#socket];
    this.#process = new PeerProcess('redis-server', ['--port', '0', '--save', '', '--appendonly', 'no', ...files]);
    await this.#process.says(READY);
  }

  /** From now on it takes connections and commands, and answers none. */
  pause(): void {
    this.#process?.signal('SIGSTOP');
  }

  resume(): void {
    this.#process?.signal('SIGCONT');
  }

  async stop(): Promise<void> {
    this.resume();
    await this.#process?.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true });
  }

  get #socket(): string {
    return join(this.#directory, 'redis.sock');
  }
}
