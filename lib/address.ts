import { isIP, SocketAddress } from 'node:net';

/** Whom an association talks to. Transports without IP addresses say "unknown" for a family. */
export interface RemoteAddress {
  readonly address: string;
  readonly port: number;
  readonly family: 'IPv4' | 'IPv6' | 'unknown';
}

/** Whether what somebody else's code tells of a peer is of any use. */
export function isRemoteAddress(value: unknown): value is RemoteAddress {
  const { address, port } = (value ?? {}) as Partial<RemoteAddress>;
  return typeof address === 'string' && Number.isInteger(port) && (port as number) >= 0 && (port as number) <= 65_535;
}

/** "127.0.0.1:5684", "[::1]:5684". */
export function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** An IP address and port; undefined when the address is none. */
export function ipAddress(address: string, port: number): RemoteAddress | undefined {
  const family = IP_FAMILIES[isIP(address)];
  return family === undefined ? undefined : { address, port, family };
}

/** As the system writes it, which knows an IPv6 address by one spelling only (RFC 5952). */
export function canonicalAddress(address: string): string {
  if (!address.includes(':')) return address;
  const [ip, ...scope] = address.split('%');
  return [new SocketAddress({ address: ip as string, family: 'ipv6' }).address, ...scope].join('%');
}

/**
 * What belongs together in limits: an IPv4 address, the /64 of an IPv6 address (whoever has one address of it has them
 * all), any other address alone.
 */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [ip, scope = ''] = canonicalAddress(address).split('%');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(ip as string);
  if (mapped !== null) return mapped[1] as string;
  const [head = [], tail] = (ip as string).split('::').map((part) => (part === '' ? [] : part.split(':')));
  const gap = tail === undefined ? 0 : 8 - head.length - tail.length;
  const groups = [...head, ...Array<string>(gap).fill('0'), ...(tail ?? [])];
  return `${groups.slice(0, 4).join(':')}::/64%${scope}`;
}

const IP_FAMILIES: Readonly<Record<number, 'IPv4' | 'IPv6'>> = { 4: 'IPv4', 6: 'IPv6' };
