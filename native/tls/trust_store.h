#pragma once

#include "tls/openssl_handles.h"

namespace dtls {

// Certificates that are trusted, and revocation lists, shared by any number of contexts: parsing Node's roots takes
// longer than a handshake.
class TrustStore {
 public:
  TrustStore() : store_(X509_STORE_new()) {}

  // False with OpenSSL's reason in its error queue.
  bool AddCertificate(ByteView der);
  // With one, each certificate of a chain must be covered by a list (as in `node:tls`).
  bool AddRevocationList(ByteView der);
  int size() const;

  // Lets the context verify with these; with `announce`, a server names them in its CertificateRequest.
  bool UseIn(SSL_CTX* ctx, bool announce) const;

 private:
  X509StorePointer store_;
};

}  // namespace dtls
