#pragma once

#include <string>

#include "tls/openssl_handles.h"

namespace dtls {

// OpenSSL (3.0 to 3.5 at least) lets a server with an EdDSA certificate choose an ECDSA suite (RFC 8422 section 5.3) in
// TLS 1.2 only: ssl_set_masks() compares the version number, which DTLS 1.2 has another one of. A certificate with an
// ECDSA key opens those suites. So one that nobody ever sees stands in, and the algorithms to sign with leave OpenSSL
// no choice but the EdDSA certificate.
struct EddsaServer {
  // OpenSSL lists; not needed when empty.
  std::string signature_algorithms;
  // What clients may sign with; else the above would hold for them, too.
  std::string peer_signature_algorithms;

  // Gives the context its stand-in. False when memory is short.
  bool AddStandIn(SSL_CTX* ctx) const;
  // Before a server's handshake.
  bool Apply(SSL* ssl) const;
};

}  // namespace dtls
