import { X509Certificate } from 'node:crypto';
import type tls from 'node:tls';

type Legacy = tls.PeerCertificate & { issuerCertificate?: Legacy };

/**
 * The peer's certificate as `tls.TLSSocket.getPeerCertificate()` gives it, {} when there is none. When `detailed`, each
 * certificate has that of its issuer as `issuerCertificate`, as far as they are among `ders`; a root has itself.
 *
 * `ders` is what the peer sent, or the chain that was verified: own certificate first, the others in any order.
 */
export function legacyCertificate(
  ders: readonly Uint8Array[],
  detailed: boolean,
): tls.PeerCertificate | tls.DetailedPeerCertificate | Record<string, never> {
  const [own, ...others] = ders.map((der) => new X509Certificate(der));
  if (!own) return {};
  return detailed ? withIssuers(own, others) : toLegacy(own);
}

function withIssuers(own: X509Certificate, others: readonly X509Certificate[]): Legacy {
  const certificate = toLegacy(own);
  if (own.checkIssued(own)) {
    certificate.issuerCertificate = certificate;
    return certificate;
  }
  const issuer = others.find((other) => own.checkIssued(other));
  // Each is used once, so that CAs that certify each other make no circle.
  if (issuer)
    certificate.issuerCertificate = withIssuers(
      issuer,
      others.filter((other) => other !== issuer),
    );
  return certificate;
}

/** Documented as `tls.PeerCertificate`, typed less exactly. */
function toLegacy(certificate: X509Certificate): Legacy {
  return certificate.toLegacyObject() as Legacy;
}
