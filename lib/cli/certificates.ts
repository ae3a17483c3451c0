import { type Command, Option } from 'commander';
import type { ConnectOptions, SecureContextOptions } from '../index';
import type { Notice } from './events';
import { readFlagFile } from './files';
import { commaList } from './options';
import { UsageError } from './usage-error';

/** Flags of a peer that proves itself, or asks for proof, by certificates. The names are those of OpenSSL's commands. */
export interface CertificateFlags {
  cert?: string;
  key?: string;
  pass?: string;
  passFile?: string;
  ca?: string;
  fingerprint?: string[];
  insecure?: true;
  /** A client's. */
  servername?: string;
  /** A server's. */
  requestCert?: true;
}

type IdentityOptions = Pick<SecureContextOptions, 'cert' | 'key' | 'passphrase' | 'ca'>;
type VerificationOptions = Pick<ConnectOptions, 'rejectUnauthorized' | 'verifyFingerprint'>;

/** `peer` is whom the flags that verify are about. */
export function addCertificateOptions(command: Command, peer: string): Command {
  return command
    .optionsGroup('Certificates:')
    .option('--cert <file>', 'own certificate and its chain, PEM or DER')
    .option('--key <file>', 'its private key (default: the one in the --cert file)')
    .addOption(new Option('--pass <text>', 'passphrase of the key, visible to other users').conflicts('passFile'))
    .option('--pass-file <file>', 'file whose first line is the passphrase')
    .option('--CAfile, --ca <file>', 'certificates to trust (default: those of Node.js)')
    .addOption(
      new Option('--fingerprint <list>', `take ${peer} by this: "sha-256 AB:CD:..."`)
        .argParser(commaList)
        .conflicts(['ca', 'insecure', 'psk', 'pskFile']),
    )
    .addOption(new Option('--insecure', `take ${peer} with any certificate`).conflicts(['psk', 'pskFile']));
}

/** A client's alone. */
export const servernameOption = (): Option =>
  new Option('--servername <name>', 'name in its certificate, also asked for (default: the host)');

/** A `Record`, so that none is forgotten. */
const NAMES: Readonly<Record<keyof CertificateFlags, true>> = {
  cert: true,
  key: true,
  pass: true,
  passFile: true,
  ca: true,
  fingerprint: true,
  insecure: true,
  servername: true,
  requestCert: true,
};

/** Whether any of the flags is given: then certificates are used, and not the key of Qt's examples. */
export function usesCertificates(flags: CertificateFlags): boolean {
  return Object.keys(NAMES).some((name) => flags[name as keyof CertificateFlags] !== undefined);
}

/** Of a secure context. Throws a UsageError for a file that cannot be read, and for a key without a certificate. */
export function identityOptions(flags: CertificateFlags): IdentityOptions {
  const { cert, ca } = flags;
  return {
    ...(ca !== undefined && { ca: readFlagFile('--ca', ca) }),
    ...(cert === undefined ? checkNoKey(flags) : ownIdentity(cert, flags)),
  };
}

/** Of an association or a server. */
export function verificationOptions({ insecure, fingerprint }: CertificateFlags): VerificationOptions {
  return {
    ...(insecure && { rejectUnauthorized: false }),
    ...(fingerprint !== undefined && { verifyFingerprint: fingerprint }),
  };
}

/** Nobody should forget that --insecure is there. `peer` is whom it is about. */
export function insecureWarning(peer: string): Notice {
  return { event: 'warning', message: `With --insecure, ${peer} may be anybody: its certificate is not verified.` };
}

function ownIdentity(cert: string, { key, pass, passFile }: CertificateFlags): IdentityOptions {
  const passphrase = pass ?? (passFile === undefined ? process.env.DTLS_PASS : firstLine(passFile));
  const certificate = readFlagFile('--cert', cert);
  if (key === undefined && !certificate.includes('PRIVATE KEY-----')) {
    throw new UsageError('--key is missing: the file of --cert holds no private key.');
  }
  return {
    cert: certificate,
    key: key === undefined ? certificate : readFlagFile('--key', key),
    ...(passphrase !== undefined && { passphrase }),
  };
}

/** Only the line end is cut: a passphrase may end with a space. */
function firstLine(file: string): string {
  return readFlagFile('--pass-file', file).toString().split(/\r?\n/, 1)[0] as string;
}

function checkNoKey({ key, pass, passFile }: CertificateFlags): IdentityOptions {
  if (key === undefined && pass === undefined && passFile === undefined) return {};
  throw new UsageError('--cert is missing: a private key or passphrase is of no use without its certificate.');
}
