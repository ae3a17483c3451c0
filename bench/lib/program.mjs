// One program of a run: bounded in time, read line by line, ended by its pid.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const MS_TO_END = 3000;
const STDERR_KEPT = 2000;
const ERROR_LINE_KEPT = 200;

/** A run that did not bring its figures. */
export class RunFailure extends Error {
  /** Whether it used up its time: the next one would do so too. */
  hasTimedOut = false;
}

const running = new Set();

/** For the end of the suite itself, whatever ends it. */
export function killAll() {
  for (const program of running) program.kill();
}

export class Program {
  #child;
  #name;
  #lines = [];
  #wake;
  #stderr = '';
  #hasEnded = false;
  #hasTimedOut = false;
  #ended;

  constructor(name, [command, ...args], limitMs) {
    this.#name = name;
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this);
    const timer = setTimeout(() => {
      this.#hasTimedOut = true;
      this.kill();
    }, limitMs);
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#lines.push(line);
      this.#wake?.();
    });
    this.#child.stderr.on('data', (chunk) => {
      this.#stderr = (this.#stderr + chunk).slice(-STDERR_KEPT);
    });
    this.#ended = new Promise((resolve) => {
      const end = (how) => {
        clearTimeout(timer);
        running.delete(this);
        this.#hasEnded = true;
        this.#wake?.();
        resolve(how);
      };
      this.#child.on('error', (error) => end({ error: error.message }));
      this.#child.on('close', (code, signal) => end({ code, signal }));
    });
  }

  get pid() {
    return this.#child.pid;
  }

  kill() {
    this.#child.kill('SIGKILL');
  }

  /** The port in the line that begins with READY, behind an address where the program names one. */
  async ready() {
    const line = await this.#line((text) => text.startsWith('READY '));
    return Number(/^READY (?:\d+\.\S+ )?(\d+)/.exec(line)?.[1]);
  }

  /** The next line of JSON. */
  async json() {
    const line = await this.#line((text) => text.startsWith('{'));
    try {
      return JSON.parse(line);
    } catch {
      throw new RunFailure(`${this.#name} printed no JSON: ${line.slice(0, ERROR_LINE_KEPT)}`);
    }
  }

  signal(name) {
    this.#child.kill(name);
  }

  /** The next line of JSON after a signal that asks for one. */
  ask(signal) {
    this.signal(signal);
    return this.json();
  }

  /** Lets the program end by itself; a `RunFailure` unless it succeeds. */
  async end() {
    const how = await this.#ended;
    if (how.code !== 0) throw await this.#failure();
  }

  /** Asks the program to end, and no longer asks after a while. */
  async stop(signal = 'SIGTERM') {
    const killer = setTimeout(() => this.kill(), MS_TO_END);
    if (!this.#hasEnded) this.#child.kill(signal);
    await this.#ended;
    clearTimeout(killer);
  }

  async #line(matches) {
    for (;;) {
      while (this.#lines.length > 0) {
        const line = this.#lines.shift();
        if (matches(line)) return line;
      }
      if (this.#hasEnded) throw await this.#failure();
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async #failure() {
    const { code, signal, error } = await this.#ended;
    const failure = new RunFailure(`${this.#name} ${this.#reason(code, signal, error)}`);
    failure.hasTimedOut = this.#hasTimedOut;
    return failure;
  }

  #reason(code, signal, error) {
    if (error !== undefined) return `cannot be started: ${error}`;
    if (this.#hasTimedOut) return 'took too long and was killed';
    const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
    const said = errorLine(this.#stderr);
    return said === '' ? how : `${how}: ${said}`;
  }
}

/** Of what a program wrote to standard error the line that says most: that of Node's error, or else the last one. */
export function errorLine(stderr) {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const named = lines.find((line) => /^\w*Error\b.*: /.test(line));
  return (named ?? lines.at(-1) ?? '').trim().slice(0, ERROR_LINE_KEPT);
}
