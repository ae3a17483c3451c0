import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { missing } from './peers/debian';

const HOSTS = ['client', 'server'] as const;
const ROUTERS = ['near', 'far'] as const;

/** Only there. */
export const SERVER_ADDRESS = { 4: '10.77.3.1', 6: 'fd77:3::1' } as const;

/** Why there can be no namespaces here; undefined when there can. */
export function namespaceProblem(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const problem = missing('command -v ip', ['iproute2']);
  if (problem !== undefined) return problem;
  const name = nameOf('probe');
  try {
    shell(
      `ip netns add ${name} && { ip -n ${name} link add name probe type veth; made=$?; ip netns delete ${name}; exit $made; }`,
    );
    return undefined;
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    return `network namespaces do not work here: ${stderr.trim()}`;
  }
}

let created = 0;

/**
 * A client's and a server's host in network namespaces of their own, which two routers join by a link that may be
 * narrow:
 *
 *     client -- 1500 -- near -- so much -- far -- 1500 -- server
 */
export class NarrowPath {
  readonly #id = created++;

  constructor(mtu: number) {
    try {
      this.#create();
      this.narrow(mtu);
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /** From now on the routers' link carries packets of so many bytes. */
  narrow(mtu: number): void {
    for (const name of ROUTERS) shell(this.narrowing(name, mtu));
  }

  /** The command that does so for one of the routers. */
  narrowing(router: (typeof ROUTERS)[number], mtu: number): string {
    return `ip -n ${this.#name(router)} link set to-router mtu ${mtu}`;
  }

  /** From now on the routers lose packets that are too large without a word (RFC 2923). */
  silence(): void {
    for (const name of ROUTERS) {
      for (const family of [4, 6]) {
        // What they send themselves, which is only ICMP.
        shell(`ip -n ${this.#name(name)} -${family} rule add pref 1 iif lo blackhole`);
      }
    }
  }

  /** Runs a module in a process on one of the hosts. */
  run(host: (typeof HOSTS)[number], module: string, argument: unknown): ChildProcessWithoutNullStreams {
    const args = [process.execPath, module, JSON.stringify(argument)];
    return spawn('ip', ['netns', 'exec', this.#name(host), ...args]);
  }

  destroy(): void {
    const names = [...HOSTS, ...ROUTERS].map((name) => this.#name(name));
    shell(`for name in ${names.join(' ')}; do ip netns delete $name || true; done`);
  }

  #create(): void {
    const [client, near, far, server] = ['client', 'near', 'far', 'server'].map((name) => this.#name(name));
    shell(`set -e
      for name in ${client} ${near} ${far} ${server}; do
        ip netns add $name
        # Addresses are in use at once, without a second to find out whether somebody else has them.
        ip netns exec $name sh -c 'cd /proc/sys/net/ipv6/conf; echo 0 > all/accept_dad; echo 0 > default/accept_dad'
        ip -n $name link set lo up
      done
      join() {
        ip link add name to-$2 netns $1 type veth peer name to-$4 netns $3
        ip -n $1 link set to-$2 up
        ip -n $3 link set to-$4 up
      }
      address() { ip -n $1 address add 10.77.$3/24 dev $2; ip -n $1 -6 address add fd77:$4/64 dev $2 nodad; }
      route() { ip -n $1 route add 10.77.$2.0/24 via 10.77.$3; ip -n $1 -6 route add fd77:$2::/64 via fd77:$4; }
      join ${client} router ${near} host
      join ${near} router ${far} router
      join ${far} host ${server} router
      address ${client} to-router 1.1 1::1
      address ${near} to-host 1.2 1::2
      address ${near} to-router 2.1 2::1
      address ${far} to-router 2.2 2::2
      address ${far} to-host 3.2 3::2
      address ${server} to-router 3.1 3::1
      route ${client} 3 1.2 1::2
      route ${near} 3 2.2 2::2
      route ${far} 1 2.1 2::1
      route ${server} 1 3.2 3::2
      for name in ${near} ${far}; do
        ip netns exec $name sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
      done`);
  }

  #name(part: string): string {
    return nameOf(`${part}-${this.#id}`);
  }
}

/** Of this process alone. */
function nameOf(part: string): string {
  return `dtls-${process.pid}-${part}`;
}

function shell(script: string): void {
  execFileSync('sh', ['-c', script], { stdio: 'pipe', encoding: 'utf8', timeout: 10_000 });
}
