import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { afterAll } from '@jest/globals';

/** The bound of every wait: less than a test's, so that a test that waits in vain says for what. */
export const WAIT_MS = 15_000;
const MS_TO_END = 2000;
const TIMES_TO_FIND_A_PORT = 5;

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

const running = new Set<PeerProcess>();

// A test that takes too long never comes to the end of its peers.
afterAll(() => Promise.all([...running].map((peer) => peer.stop())));

/** A peer's program: what it has said so far, and waits for what it will say. Dispose of it to end it. */
export class PeerProcess implements AsyncDisposable {
  /** Standard output and standard error, in the order in which they came. */
  output = '';
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #events = new EventEmitter();
  #hasExited = false;

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { env: { ...process.env, LC_ALL: 'C' } });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        this.output += text;
        this.#events.emit('change');
      });
    }
    // A program that has gone does not read what a test still writes.
    this.#child.stdin.on('error', () => {});
    this.exited = once(this.#child, 'close').then(([code, signal]) => {
      this.#hasExited = true;
      running.delete(this);
      this.#events.emit('change');
      return { code, signal };
    });
    this.exited.catch(() => {});
    running.add(this);
  }

  /**
   * Starts a server; `ready` is what it says when its port is bound, with the port as the first group unless it was
   * told which.
   */
  static async serve(command: string, args: readonly string[], ready: RegExp, told?: number): Promise<PeerServer> {
    const server = new PeerProcess(command, args);
    try {
      const [, said] = await server.says(ready);
      return Object.assign(server, { port: told ?? Number(said) });
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** As `serve`, for a program that must be told its port: a free one, unless somebody takes it in between. */
  static async serveOn(command: string, args: (port: number) => readonly string[], ready: RegExp): Promise<PeerServer> {
    for (let times = 1; ; times++) {
      const port = await freePort();
      try {
        return await PeerProcess.serve(command, args(port), ready, port);
      } catch (error) {
        if (times === TIMES_TO_FIND_A_PORT || !/address already in use/i.test((error as Error).message)) throw error;
      }
    }
  }

  /** The first match in all that the program has said; waits for it. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const signal = AbortSignal.timeout(WAIT_MS);
    for (;;) {
      const match = pattern.exec(this.output);
      if (match !== null) return match;
      if (this.#hasExited) throw new Error(`ended without saying ${pattern}:\n${this.output}`);
      await once(this.#events, 'change', { signal }).catch(() => {
        throw new Error(`did not say ${pattern}:\n${this.output}`);
      });
    }
  }

  /** Types a line. */
  type(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Ends the program's standard input. */
  endInput(): void {
    this.#child.stdin.end();
  }

  /** Sends a signal that does not end the program. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends the program; resolves when it is gone. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#hasExited) return;
    this.#child.kill(signal);
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), MS_TO_END);
    await this.exited;
    clearTimeout(killer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

export type PeerServer = PeerProcess & { readonly port: number };

const given = new Set<number>();

/** A UDP port of 127.0.0.1 that is free now, and never the same again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    await new Promise<void>((resolve) => socket.close(() => resolve()));
    if (given.has(port)) continue;
    given.add(port);
    return port;
  }
}
