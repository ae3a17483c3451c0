import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';

const MAIN = join(__dirname, '..', '..', 'dist', 'cli', 'main.js');

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Listener {
  server: CliProcess;
  port: string;
}

const running = new Set<CliProcess>();

/** What the program obeys, and whoever runs the tests may have. */
const CLEAN_ENV = {
  DTLS_PSK: undefined,
  DTLS_PASS: undefined,
  SSLKEYLOGFILE: undefined,
  FORCE_COLOR: undefined,
  NO_COLOR: undefined,
};

afterEach(() => {
  for (const cli of running) cli.kill();
});

/** One run of the built `dtls` program. */
export class CliProcess {
  /** How it ended, and all that it printed. */
  readonly ended: Promise<Outcome>;
  readonly #child: ChildProcessWithoutNullStreams;
  #stdout = '';
  #stderr = '';
  #onOutput = (): void => {};

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...CLEAN_ENV, ...env } });
    this.#child.stdout.on('data', (chunk) => {
      this.#stdout += chunk;
      this.#onOutput();
    });
    this.#child.stderr.on('data', (chunk) => {
      this.#stderr += chunk;
    });
    running.add(this);
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (code) => {
        running.delete(this);
        resolve({ code, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  /** The first whole line of standard output that matches. */
  async line(pattern: RegExp): Promise<string> {
    const found = new Promise<string>((resolve) => {
      this.#onOutput = () => {
        const line = linesOf(this.#stdout.slice(0, this.#stdout.lastIndexOf('\n') + 1)).find((text) =>
          pattern.test(text),
        );
        if (line !== undefined) resolve(line);
      };
    });
    this.#onOutput();
    const ended = this.ended.then(({ stdout, stderr }) => {
      throw new Error(`the program ended without a line like ${pattern}:\n${stdout}${stderr}`);
    });
    return Promise.race([found, ended]);
  }

  /** Writes to its standard input. */
  type(text: string): void {
    this.#child.stdin.write(text);
  }

  endInput(text = ''): void {
    this.#child.stdin.end(text);
  }

  signal(name: NodeJS.Signals): Promise<Outcome> {
    this.#child.kill(name);
    return this.ended;
  }

  /** Stops reading what it prints, as `head` does. */
  stopReading(): void {
    this.#child.stdout.destroy();
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Runs `dtls` to its end, with nothing to read. */
export function run(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome> {
  const cli = new CliProcess(args, env);
  cli.endInput();
  return cli.ended;
}

/** Starts `dtls server` on a free port of 127.0.0.1. */
export async function listen(args: readonly string[] = [], env?: NodeJS.ProcessEnv): Promise<Listener> {
  const server = new CliProcess(['server', '--port', '0', ...args], env);
  const line = await server.line(/and port \d+$|"event":"listening"/);
  return { server, port: (line.match(/port"?:? ?(\d+)/) as RegExpMatchArray)[1] as string };
}

/** Starts `dtls client` to a server on 127.0.0.1. */
export function connectTo(port: string, args: readonly string[] = [], env?: NodeJS.ProcessEnv): CliProcess {
  return new CliProcess(['client', '127.0.0.1', port, ...args], env);
}

export function linesOf(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

/** The events that a run with --json printed. */
export function eventsOf(text: string): Array<Record<string, unknown> & { event: string }> {
  return linesOf(text).map((line) => JSON.parse(line));
}
