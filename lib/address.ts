import { isIP } from 'node:net';

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

const IP_FAMILIES: Readonly<Record<number, 'IPv4' | 'IPv6'>> = { 4: 'IPv4', 6: 'IPv6' };
