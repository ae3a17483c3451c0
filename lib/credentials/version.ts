import { optionError } from '../errors';
import { show } from '../options/check';

/** Names as `getProtocol()` gives them, in the form of `node:tls`, which says "TLSv1.2". */
export type DtlsVersion = 'DTLSv1' | 'DTLSv1.2';

/** Version numbers on the wire (RFC 6347 section 4.1): they count down. */
const WIRE_VERSIONS: Readonly<Record<DtlsVersion, number>> = { DTLSv1: 0xfeff, 'DTLSv1.2': 0xfefd };

export interface VersionRange {
  readonly min: DtlsVersion;
  readonly max: DtlsVersion;
}

/** Default: DTLS 1.2 only. Throws `ERR_DTLS_VERSION`. */
export function parseVersions(minVersion: unknown, maxVersion: unknown): VersionRange {
  const max = parseVersion('maxVersion', maxVersion) ?? 'DTLSv1.2';
  const min = parseVersion('minVersion', minVersion) ?? 'DTLSv1.2';
  if (min === 'DTLSv1.2' && max === 'DTLSv1') {
    const remedy = 'minVersion is "DTLSv1.2" unless it is given: for DTLS 1.0 set minVersion to "DTLSv1", too.';
    throw versionError('maxVersion', maxVersion, remedy);
  }
  return { min, max };
}

export function wireVersion(version: DtlsVersion): number {
  return WIRE_VERSIONS[version];
}

function parseVersion(name: string, value: unknown): DtlsVersion | undefined {
  if (value === undefined || value === 'DTLSv1' || value === 'DTLSv1.2') return value;
  if (value === 'DTLSv1.3') {
    const remedy =
      'DTLS 1.3 needs OpenSSL 4.1 or later inside Node.js and a dtls-association built for it; this one speaks up to ' +
      '"DTLSv1.2".';
    throw versionError(name, value, remedy);
  }
  throw versionError(name, value, `"DTLSv1.2" or "DTLSv1" is expected, not ${show(value)}.`);
}

function versionError(name: string, value: unknown, remedy: string): Error {
  return optionError(name, value, remedy, undefined, 'ERR_DTLS_VERSION');
}
