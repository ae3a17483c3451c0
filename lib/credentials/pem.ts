import { X509Certificate } from 'node:crypto';
import { isUint8Array } from 'node:util/types';
import { type DtlsError, isArray, optionError } from '../errors';
import { DER, derElements, derSequence } from './der';

/** What options for certificates, keys and lists are given as. */
export type PemOrDer = string | Uint8Array;

export interface PemBlock {
  label: string;
  /** The whole block with its BEGIN and END lines: encrypted keys of the old form have headers in it. */
  text: string;
  /** What the base64 decodes to; meaningless where there are headers. */
  der: Buffer;
}

export interface Pem {
  blocks: PemBlock[];
  /** A BEGIN without its END: the text was cut off. */
  cutOff: boolean;
}

const BOUNDARY = /-----(BEGIN|END) ([^-\r\n]+)-----/g;

/** Other text may stand before, between and after the blocks (RFC 7468 section 2). */
export function readPem(text: string): Pem {
  const boundaries = [...text.matchAll(BOUNDARY)];
  const begins = boundaries.filter(([, kind]) => kind === 'BEGIN');
  const blocks = boundaries.flatMap((begin, index): PemBlock[] => {
    const end = boundaries[index + 1];
    if (begin[1] !== 'BEGIN' || end?.[1] !== 'END' || end[2] !== begin[2]) return [];
    const body = text.slice(begin.index + begin[0].length, end.index);
    return [{ label: begin[2], text: `${begin[0]}${body}${end[0]}\n`, der: Buffer.from(body, 'base64') }];
  });
  return { blocks, cutOff: begins.length > blocks.length };
}

/** The value as a list, each with the name to blame: `cert`, or `cert[1]` when there are several. Never empty. */
export function listed<T>(option: string, value: T | readonly T[] | undefined): Array<{ name: string; value: T }> {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return [{ name: option, value: value as T }];
  if (value.length === 0) throw optionError(option, undefined, 'this array is empty; leave the option out.');
  // Not by map(), which passes over holes.
  return Array.from(value, (element, index) => ({ name: `${option}[${index}]`, value: element }));
}

/** Its text when it is PEM, its bytes when it is DER. */
export function pemOrDer(name: string, value: unknown): string | Uint8Array {
  if (typeof value === 'string') return value;
  if (!isUint8Array(value)) {
    throw optionError(name, undefined, `a string or Uint8Array is expected, not ${kindOf(value)}.`);
  }
  // Also what was detached, which cannot be copied.
  if (value.length === 0) return '';
  return value[0] === DER.sequence && derElements(value)?.length === 1 ? value : Buffer.from(value).toString('latin1');
}

/** What cannot be read. What was found instead is said, but never shown: it may be a key. */
export function pemError(name: string, expected: string, value: PemOrDer, cause?: unknown): DtlsError {
  return optionError(name, undefined, `${expected} is expected, but ${found(value)}.`, cause, 'ERR_DTLS_PEM');
}

/** A PEM block of the right kind with wrong contents. */
export function damagedError(name: string, which: string, cause?: unknown): DtlsError {
  return optionError(name, undefined, `${which} is damaged: it cannot be decoded.`, cause, 'ERR_DTLS_PEM');
}

/** The certificates; at least one. A private key beside them is passed over: many files have both. */
export function certificatesIn(name: string, value: unknown): X509Certificate[] {
  const given = pemOrDer(name, value);
  const expected = 'a certificate (PEM or DER)';
  if (typeof given !== 'string') return [decodeCertificate(given, () => pemError(name, expected, given))];
  const { blocks, cutOff } = readPem(given);
  const certificates = blocks.filter(({ label }) => CERTIFICATE.test(label));
  if (certificates.length === 0 || cutOff) throw pemError(name, expected, given);
  return certificates.map(({ der }, index) =>
    decodeCertificate(der, (cause) => damagedError(name, `certificate ${index + 1} of ${certificates.length}`, cause)),
  );
}

function decodeCertificate(der: Uint8Array, failure: (cause: unknown) => DtlsError): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw failure(cause);
  }
}

const CERTIFICATE = /^(X509 |TRUSTED )?CERTIFICATE$/;

const KINDS: ReadonlyArray<[RegExp, string]> = [
  [CERTIFICATE, 'a certificate'],
  [/PRIVATE KEY$/, 'a private key'],
  [/PUBLIC KEY$/, 'a public key'],
  [/CERTIFICATE REQUEST$/, 'a certificate signing request (what a CA makes a certificate from)'],
  [/CRL$/, 'a revocation list'],
  [/^(PKCS7|CMS)$/, 'a PKCS#7 bundle (openssl pkcs7 -print_certs makes certificates of it)'],
  [/PARAMETERS$/, 'parameters'],
];

/** A sentence's end about what stands where something else was expected. */
function found(value: PemOrDer): string {
  if (typeof value !== 'string') return `this is ${derKind(value)}`;
  if (value.trim() === '') return 'it is empty';
  const { blocks, cutOff } = readPem(value);
  if (cutOff) return 'a PEM block in it has no end: it was cut off or damaged';
  if (blocks.length > 0) return `this is ${[...new Set(blocks.map(({ label }) => labelKind(label)))].join(' and ')}`;
  if (looksLikePath(value)) return 'this looks like the name of a file: give its contents (fs.readFileSync)';
  return 'there is no PEM block in it (-----BEGIN ...), and it is not one structure in DER';
}

function labelKind(label: string): string {
  return KINDS.find(([pattern]) => pattern.test(label))?.[1] ?? 'something else in PEM';
}

function derKind(der: Uint8Array): string {
  const tags = derSequence(der)?.map(({ tag }) => tag) ?? [];
  if (tags[0] === DER.integer) return 'a key or PFX in DER, or damaged';
  return isCrl(der) ? 'a revocation list in DER' : 'something else in DER, or damaged';
}

function looksLikePath(text: string): boolean {
  return text.length < 1024 && !text.includes('\n') && /[/\\]|\.(pem|crt|cer|key|der|pfx|p12|crl)$/i.test(text);
}

/** CertificateList of RFC 5280 section 5.1: an issue date where a certificate has its validity, a SEQUENCE. */
export function isCrl(der: Uint8Array): boolean {
  const outer = derSequence(der);
  if (outer?.map(({ tag }) => tag).join() !== [DER.sequence, DER.sequence, DER.bitString].join()) return false;
  const tags = derElements(outer[0].contents)?.map(({ tag }) => tag) ?? [];
  const [algorithm, issuer, thisUpdate] = tags[0] === DER.integer ? tags.slice(1) : tags;
  const dated = thisUpdate === DER.utcTime || thisUpdate === DER.generalizedTime;
  return algorithm === DER.sequence && issuer === DER.sequence && dated;
}

/** The kind of a value of the wrong kind, which may be secret. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return isArray(value) ? 'an array' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}
