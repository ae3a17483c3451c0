import type { ServerOptions } from '../../lib';
import type { ServerProcess, ServerProcessStats } from './server-process';

/** Server processes on one port: each gets what another receives for it, by way of their parent. */
export class PortGroup {
  readonly servers = new Set<ServerProcess>();
  /** Datagrams that one server received and another took. */
  moved = 0;
  #port = 0;

  get port(): number {
    return this.#port;
  }

  async add(server: ServerProcess, options: Partial<ServerOptions>): Promise<void> {
    this.#port = await server.listen(options, { port: this.#port, reusePort: true });
    this.servers.add(server);
    server.on('stray', async (...stray) => {
      const others = [...this.servers].filter((other) => other !== server);
      // One that has ended takes nothing.
      const taken = await Promise.all(others.map((other) => other.inject(...stray).catch(() => false)));
      if (taken.includes(true)) this.moved++;
    });
  }

  /** Of each server. */
  stats(): Promise<ServerProcessStats[]> {
    return Promise.all([...this.servers].map((server) => server.stats()));
  }
}
