import type { TrustStore } from '../../binding';
import { optionError } from '../errors';
import { binding } from '../native';
import type { PemOrDer } from './pem';
import { defaultRoots, parseCertificates, parseCrls } from './trust';

let rootStore: TrustStore | undefined;

/** Whom to trust: `ca`, or Node's root certificates, which are parsed once a thread. */
export function trustOf(
  ca: PemOrDer | readonly PemOrDer[] | undefined,
  crl: PemOrDer | readonly PemOrDer[] | undefined,
): TrustStore {
  if (ca === undefined && crl === undefined) {
    rootStore ??= new binding.TrustStore(rootCertificates(), []);
    return rootStore;
  }
  const certificates = ca === undefined ? rootCertificates() : parseCertificates('ca', ca);
  return newStore(certificates, parseCrls('crl', crl));
}

function newStore(certificates: Uint8Array[], lists: Uint8Array[]): TrustStore {
  try {
    return new binding.TrustStore(certificates, lists);
  } catch (cause) {
    const option = lists.length > 0 ? 'crl' : 'ca';
    const remedy = `OpenSSL refuses it: ${(cause as Error).message}.`;
    throw optionError(option, undefined, remedy, cause, 'ERR_DTLS_PEM');
  }
}

/** Node's own are well-formed PEM: to parse each as an X509Certificate would take five times as long. */
function rootCertificates(): Buffer[] {
  return defaultRoots().map((pem) => Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64'));
}
