#pragma once

#include "tls/openssl_handles.h"

namespace dtls {

// Raw public keys (RFC 7250) came with OpenSSL 3.2. One addon binary serves older ones too, so their functions are
// looked up when the program runs.
bool HasRawPublicKeys();

// The peer's wanted instead of a certificate, and ours shown when there is one. False where OpenSSL has none.
bool UseRawPublicKey(SSL_CTX* ctx, EVP_PKEY* key);

// The peer's; nullptr when it showed none.
EVP_PKEY* PeerRawPublicKey(const SSL* ssl);

}  // namespace dtls
