import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { certificatesIn, damagedError, isCrl, listed, type PemOrDer, pemError, pemOrDer, readPem } from './pem';

/**
 * All certificates of `ca` in DER. Each value is PEM with one or more certificates, or one certificate in DER.
 *
 * @throws {DtlsError} ERR_DTLS_PEM for what is no certificate; ERR_DTLS_OPTION for what is neither text nor bytes.
 */
export function parseCertificates(option: string, value: PemOrDer | readonly PemOrDer[] | undefined): Uint8Array[] {
  return listed(option, value).flatMap(({ name, value }) => certificatesIn(name, value).map(({ raw }) => raw));
}

/**
 * All revocation lists of `crl` in DER. Each value is PEM with one or more lists, or one list in DER. Who signed them
 * and whether they are current is found out during handshakes.
 *
 * @throws {DtlsError} ERR_DTLS_PEM for what is no revocation list; ERR_DTLS_OPTION for what is neither text nor bytes.
 */
export function parseCrls(option: string, value: PemOrDer | readonly PemOrDer[] | undefined): Uint8Array[] {
  return listed(option, value).flatMap(({ name, value }) => {
    const given = pemOrDer(name, value);
    const { lists, cutOff } =
      typeof given === 'string' ? listsIn(given) : { lists: [given].filter(isCrl), cutOff: false };
    if (lists.length === 0 || cutOff) throw pemError(name, 'a certificate revocation list (PEM or DER)', given);
    const damaged = lists.findIndex((list) => !isCrl(list));
    if (damaged !== -1) throw damagedError(name, `revocation list ${damaged + 1} of ${lists.length}`);
    return lists;
  });
}

function listsIn(text: string): { lists: Uint8Array[]; cutOff: boolean } {
  const { blocks, cutOff } = readPem(text);
  return { lists: blocks.filter(({ label }) => label === 'X509 CRL').map(({ der }) => der), cutOff };
}

let roots: readonly string[] | undefined;

/** Whom Node trusts by default, in PEM. Honours NODE_EXTRA_CA_CERTS; from Node 22.15 on --use-system-ca, too. */
export function defaultRoots(): readonly string[] {
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => string[] };
  roots ??= getCACertificates?.('default') ?? [...tls.rootCertificates, ...extraRoots()];
  return roots;
}

/** As Node does: what cannot be read adds nothing. */
function extraRoots(): string[] {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  if (!file) return [];
  try {
    return certificatesIn('NODE_EXTRA_CA_CERTS', readFileSync(file)).map((certificate) => certificate.toString());
  } catch {
    return [];
  }
}
