import { createHash, timingSafeEqual } from 'node:crypto';
import { optionError } from '../errors';
import { kindOf, listed } from './pem';

/** The digest of a certificate in DER. */
export interface Fingerprint {
  algorithm: string;
  digest: Uint8Array;
}

/** The hash functions of RFC 8122 that still resist forgery, by the length of their digest. */
const ALGORITHMS = new Map([
  [28, 'sha-224'],
  [32, 'sha-256'],
  [48, 'sha-384'],
  [64, 'sha-512'],
]);

const BROKEN = new Map([
  [16, 'md5'],
  [20, 'sha-1'],
]);

const EXPECTED = "'sha-256 AB:CD:...' as in SDP, or 'AB:CD:...' as X509Certificate.fingerprint256 has it, is expected";

/**
 * Fingerprints in the form of SDP (RFC 8122 section 5), "sha-256 AB:CD:...", or bare as `X509Certificate` has them,
 * when their length tells the algorithm. At least one; letters of either case.
 *
 * @throws {DtlsError} ERR_DTLS_OPTION for what is none, and for MD5 and SHA-1.
 */
export function parseFingerprints(option: string, value: unknown): readonly Fingerprint[] {
  const all = listed(option, value);
  if (all.length === 0) throw optionError(option, value, `${EXPECTED}, and there is none.`);
  return all.map(({ name, value }) => parse(name, value));
}

/** Whether the certificate is one of those. Takes the same time whichever it is. */
export function matchesFingerprint(fingerprints: readonly Fingerprint[], der: Uint8Array): boolean {
  const matches = fingerprints.map(({ algorithm, digest }) =>
    timingSafeEqual(createHash(algorithm.replace('-', '')).update(der).digest(), digest),
  );
  return matches.includes(true);
}

function parse(name: string, value: unknown): Fingerprint {
  if (typeof value !== 'string') throw optionError(name, value, `${EXPECTED}, not ${kindOf(value)}.`);
  const match = /^\s*(?:([a-z0-9-]+)\s+)?([0-9a-f]{2}(?::[0-9a-f]{2})*)\s*$/i.exec(value);
  if (!match) throw optionError(name, value, `${EXPECTED}.`);
  const digest = Buffer.from(match[2].replaceAll(':', ''), 'hex');
  const named = match[1]?.toLowerCase();
  const algorithm = named ?? ALGORITHMS.get(digest.length) ?? BROKEN.get(digest.length);
  if (algorithm === 'md2' || algorithm === 'md5' || algorithm === 'sha-1') {
    throw optionError(name, value, `${algorithm} can be forged, and proves nothing; ask the peer for sha-256.`);
  }
  if (algorithm === undefined) throw optionError(name, value, `${EXPECTED}; no algorithm has ${digest.length} bytes.`);
  const known = [...ALGORITHMS].find(([, other]) => other === algorithm);
  if (!known) throw optionError(name, value, `${algorithm} is not known; ${[...ALGORITHMS.values()].join(', ')} are.`);
  if (known[0] !== digest.length) {
    throw optionError(name, value, `${algorithm} has ${known[0]} bytes, this has ${digest.length}.`);
  }
  return { algorithm, digest };
}
