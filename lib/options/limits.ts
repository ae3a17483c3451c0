import { checkNames, integer } from './check';

/**
 * What a server takes at most. Beyond a limit a hello gets silence, and `stats.refused` counts it under the limit's name.
 * An address is an IPv4 address, or the /64 of an IPv6 address.
 */
export interface ServerLimits {
  /** Associations at one time, handshakes included. Default 10000. */
  maxAssociations?: number | undefined;
  /** The same for one address. Default 1000. */
  maxAssociationsPerAddress?: number | undefined;
  /** Handshakes at one time. Default 1000. */
  maxHandshakes?: number | undefined;
  /** The same for one address. Default 250. */
  maxHandshakesPerAddress?: number | undefined;
  /** Handshakes that begin in a second. Default 2000. */
  handshakesPerSecond?: number | undefined;
  /** The same for one address. Default 500. */
  handshakesPerSecondPerAddress?: number | undefined;
  /**
   * Records that fail authentication before an association ends with `ERR_DTLS_FORGED`. Default: what the suite bears
   * (RFC 9147 section 4.5.3), 2^36, with CCM 2^23, with CCM_8 2^20. 0: never.
   */
  maxForgedRecords?: number | undefined;
}

export type LimitsConfig = Readonly<Record<Exclude<keyof ServerLimits, 'maxForgedRecords'>, number>>;

const DEFAULTS: LimitsConfig = Object.freeze({
  maxAssociations: 10_000,
  maxAssociationsPerAddress: 1000,
  maxHandshakes: 1000,
  maxHandshakesPerAddress: 250,
  handshakesPerSecond: 2000,
  handshakesPerSecondPerAddress: 500,
});

/** Throws `ERR_DTLS_OPTION` for the first limit that cannot be used. */
export function parseLimits(limits: ServerLimits = {}): LimitsConfig {
  const names = Object.keys(DEFAULTS) as Array<keyof LimitsConfig>;
  checkNames('limits', limits, [...names, 'maxForgedRecords']);
  const entries = names.map((name) => {
    return [name, integer(`limits.${name}`, limits[name], { min: 1, max: 2 ** 31 - 1 }, DEFAULTS[name])];
  });
  return Object.freeze(Object.fromEntries(entries)) as LimitsConfig;
}

/** Undefined: what the suite bears. Throws `ERR_DTLS_OPTION`. */
export function parseMaxForgedRecords({ maxForgedRecords }: ServerLimits = {}): number | undefined {
  if (maxForgedRecords === undefined) return undefined;
  return integer('limits.maxForgedRecords', maxForgedRecords, { min: 0, max: Number.MAX_SAFE_INTEGER }, 0);
}
