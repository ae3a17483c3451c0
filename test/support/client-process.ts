import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import path from 'node:path';
import { afterEach } from '@jest/globals';
import type { AssociationState, AssociationStats, ConnectOptions, HandshakeInfo } from '../../lib';
import { psk } from './pair';

const CHILD = path.join(__dirname, '../integration/children/client.cjs');

const running = new Set<ClientProcess>();

afterEach(() => Promise.all([...running].map((client) => client.kill())));

interface Events {
  secureConnect: [];
  message: [text: string];
  disconnect: [];
  reconnecting: [];
  failed: [code: string];
}

export interface ClientStatus {
  state: AssociationState;
  stats: AssociationStats;
  handshake: HandshakeInfo | undefined;
}

/** A client of the built package in a process of its own, which ends with the test. */
export class ClientProcess extends EventEmitter<Events> {
  readonly child: ChildProcess = fork(CHILD, { serialization: 'advanced' });
  readonly #exited = once(this.child, 'exit');
  readonly #answers = new Map<number, (result: unknown) => void>();
  #calls = 0;

  constructor() {
    super();
    running.add(this);
    this.child.on('message', (message: { id: number; result: unknown } | { event: [keyof Events, string] }) => {
      if ('event' in message) this.emit(...message.event);
      else this.#answers.get(message.id)?.(message.result);
    });
  }

  /** Starts a handshake with a server on 127.0.0.1. */
  static async start(port: number, options: Partial<ConnectOptions> = {}): Promise<ClientProcess> {
    const client = new ClientProcess();
    await client.#call('start', { host: '127.0.0.1', port, psk, ...options });
    return client;
  }

  /** One that is connected. */
  static async open(port: number, options: Partial<ConnectOptions> = {}): Promise<ClientProcess> {
    const client = new ClientProcess();
    const connected = once(client, 'secureConnect');
    await client.#call('start', { host: '127.0.0.1', port, psk, ...options });
    await connected;
    return client;
  }

  send(text: string): Promise<boolean> {
    return this.#call('send', text);
  }

  status(): Promise<ClientStatus> {
    return this.#call('status');
  }

  async kill(): Promise<void> {
    running.delete(this);
    this.child.kill('SIGKILL');
    await this.#exited;
  }

  #call<T>(name: string, ...args: unknown[]): Promise<T> {
    const id = this.#calls++;
    const answer = new Promise<unknown>((resolve) => this.#answers.set(id, resolve));
    this.child.send({ id, name, args });
    return answer as Promise<T>;
  }
}
