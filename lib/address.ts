import { isIP, SocketAddress } from 'node:net';

/** Whom an association talks to. Transports without IP addresses say "unknown" for a family. */
export interface RemoteAddress {
  readonly address: string;
  readonly port: number;
  readonly family: 'IPv4' | 'IPv6' | 'unknown';
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

const IP_FAMILIES: Readonly<Record<number, 'IPv4' | 'IPv6'>> = { 4: 'IPv4', 6: 'IPv6' };
