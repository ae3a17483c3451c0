import 'reflect-metadata';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, KeyObject, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/**
 * A public key infrastructure in memory, made anew in each test run:
 *
 *     const ca = await authority();
 *     const leaf = await ca.issue({ hosts: ['localhost'] });
 *     createServer({ cert: leaf.chain, key: leaf.key });
 *     connect({ ca: ca.cert });
 */

x509.cryptoProvider.set(webcrypto);

export type KeyType = 'rsa-1024' | 'rsa-2048' | 'rsa-4096' | 'p-256' | 'p-384' | 'ed25519';

/** When a certificate or a CRL is valid; by default from yesterday for a month. */
export interface Validity {
  from?: Date;
  to?: Date;
}

export const EXPIRED: Validity = { from: daysFromNow(-30), to: daysFromNow(-1) };
export const NOT_YET_VALID: Validity = { from: daysFromNow(1), to: daysFromNow(30) };

export interface AuthorityOptions extends Validity {
  /** Common name. */
  name?: string;
  keyType?: KeyType;
  /** What an ECDSA issuer signs with. */
  hash?: 'SHA-1' | 'SHA-256' | 'SHA-384';
}

export interface LeafOptions extends AuthorityOptions {
  /** Names of the subjectAltName; with neither `hosts` nor `ips` a server's are localhost, 127.0.0.1 and ::1. */
  hosts?: readonly string[];
  ips?: readonly string[];
  purpose?: 'server' | 'client';
}

export interface Certified {
  /** PEM of this certificate alone. */
  cert: string;
  /** PEM, PKCS#8, not encrypted. */
  key: string;
  der: Buffer;
  /** PEM of this certificate and of those that lead to the root, without the root. */
  chain: string;
  serialNumber: string;
}

/** A root, self-signed. */
export function authority(options: AuthorityOptions = {}): Promise<Authority> {
  return Authority.create('root', { name: 'Test root CA', ...options });
}

/** A server's or client's certificate, signed with its own key. */
export async function selfSigned(options: LeafOptions = {}): Promise<Certified> {
  const keys = await keyPair(options.keyType, 'leaf');
  return certify({ keys, options, extensions: leafExtensions(options) });
}

export class Authority {
  readonly #keys: CryptoKeyPair;
  readonly #certified: Certified;
  /** Undefined for a root, which peers have already. */
  readonly #chain: string;

  private constructor(keys: CryptoKeyPair, certified: Certified, chain: string) {
    this.#keys = keys;
    this.#certified = certified;
    this.#chain = chain;
  }

  static async create(role: 'root' | 'intermediate', options: AuthorityOptions, issuer?: Authority) {
    const keys = await keyPair(options.keyType, role);
    const extensions = [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ];
    const certified = await certify({ keys, options, extensions, issuer });
    return new Authority(keys, certified, issuer ? certified.chain : '');
  }

  get cert(): string {
    return this.#certified.cert;
  }

  get key(): string {
    return this.#certified.key;
  }

  get der(): Buffer {
    return this.#certified.der;
  }

  /** What a leaf's chain has after the leaf; empty for a root. */
  get chain(): string {
    return this.#chain;
  }

  get publicKey(): CryptoKey {
    return this.#keys.publicKey;
  }

  get signingKey(): CryptoKey {
    return this.#keys.privateKey;
  }

  /** A certificate authority below this one. */
  intermediate(options: AuthorityOptions = {}): Promise<Authority> {
    return Authority.create('intermediate', { name: 'Test intermediate CA', ...options }, this);
  }

  async issue(options: LeafOptions = {}): Promise<Certified> {
    const keys = await keyPair(options.keyType, 'leaf');
    return certify({ keys, options, extensions: leafExtensions(options), issuer: this });
  }

  /** PEM of a revocation list. */
  async crl(revoked: readonly Certified[] = [], { from, to }: Validity = {}): Promise<string> {
    const crl = await x509.X509CrlGenerator.create({
      issuer: new x509.X509Certificate(this.der).subject,
      thisUpdate: from ?? daysFromNow(-1),
      nextUpdate: to ?? daysFromNow(30),
      entries: revoked.map(({ serialNumber }) => ({ serialNumber, reason: x509.X509CrlReason.keyCompromise })),
      signingAlgorithm: signatureAlgorithm(this.signingKey),
      signingKey: this.signingKey,
    });
    // What OpenSSL calls it; the library's own form says just "CRL".
    return `${x509.PemConverter.encode(crl.rawData, 'X509 CRL')}\n`;
  }
}

/** The key as encrypted PKCS#8 in PEM. */
export function encryptKey(key: string, passphrase: string): string {
  const cipher = 'aes-256-cbc';
  return createPrivateKey(key).export({ type: 'pkcs8', format: 'pem', cipher, passphrase }).toString();
}

/** PKCS#12 with the key and the whole chain. Takes the `openssl` command. */
export function pfx({ chain, key }: Certified, passphrase = ''): Buffer {
  const args = ['pkcs12', '-export', '-passout', `pass:${passphrase}`];
  const { status, stdout, stderr, error } = spawnSync('openssl', args, { input: key + chain });
  if (status !== 0) throw new Error(`openssl pkcs12: ${stderr}`, { cause: error });
  return stdout;
}

export function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * 24 * 60 * 60 * 1000);
}

function leafExtensions({ hosts, ips, purpose = 'server' }: LeafOptions): x509.Extension[] {
  const none = hosts === undefined && ips === undefined && purpose === 'server';
  const names = [
    ...(none ? ['localhost'] : (hosts ?? [])).map((value) => ({ type: 'dns' as const, value })),
    ...(none ? ['127.0.0.1', '::1'] : (ips ?? [])).map((value) => ({ type: 'ip' as const, value })),
  ];
  const usages = x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment;
  return [
    new x509.BasicConstraintsExtension(false),
    new x509.KeyUsagesExtension(usages, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[`${purpose}Auth`]]),
    ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
  ];
}

interface Request {
  keys: CryptoKeyPair;
  options: LeafOptions;
  extensions: x509.Extension[];
  /** Absent for what signs itself. */
  issuer?: Authority;
}

async function certify({ keys, options, extensions, issuer }: Request): Promise<Certified> {
  const { hosts, name = hosts?.[0] ?? 'localhost', hash, from, to } = options;
  const subject = new x509.Name([{ CN: [name] }]);
  const signingKey = issuer?.signingKey ?? keys.privateKey;
  const certificate = await x509.X509CertificateGenerator.create({
    // Begins with 01, so that it is neither negative nor short.
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    subject: subject.toString(),
    issuer: issuer ? new x509.X509Certificate(issuer.der).subject : subject.toString(),
    notBefore: from ?? daysFromNow(-1),
    notAfter: to ?? daysFromNow(30),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: signatureAlgorithm(signingKey, hash),
    extensions: [
      ...extensions,
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer?.publicKey ?? keys.publicKey),
    ],
  });
  const cert = `${certificate.toString('pem')}\n`;
  return {
    cert,
    key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
    der: Buffer.from(certificate.rawData),
    chain: cert + (issuer?.chain ?? ''),
    serialNumber: certificate.serialNumber,
  };
}

function signatureAlgorithm({ algorithm }: CryptoKey, hash = 'SHA-256') {
  return { name: algorithm.name, hash };
}

const ALGORITHMS: Record<KeyType, Algorithm | EcKeyGenParams> = {
  'rsa-1024': rsa(1024),
  'rsa-2048': rsa(2048),
  'rsa-4096': rsa(4096),
  'p-256': { name: 'ECDSA', namedCurve: 'P-256' },
  'p-384': { name: 'ECDSA', namedCurve: 'P-384' },
  ed25519: { name: 'Ed25519' },
};

function rsa(modulusLength: number) {
  const publicExponent = new Uint8Array([1, 0, 1]);
  return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength, publicExponent };
}

const slow = new Map<string, Promise<CryptoKeyPair>>();

/** Takes seconds for RSA with 4096 bits, of which each member of a chain (`role`) has just one per test file. */
function keyPair(type: KeyType = 'p-256', role: string): Promise<CryptoKeyPair> {
  const generate = () =>
    webcrypto.subtle.generateKey(ALGORITHMS[type], true, ['sign', 'verify']) as Promise<CryptoKeyPair>;
  if (type !== 'rsa-4096') return generate();
  const pair = slow.get(role) ?? generate();
  slow.set(role, pair);
  return pair;
}
