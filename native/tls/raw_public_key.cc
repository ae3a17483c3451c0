#include "tls/raw_public_key.h"

#include <openssl/opensslv.h>

#if !defined(DTLS_OPENSSL_STATIC) && !defined(_WIN32)
#include <dlfcn.h>
#endif

namespace dtls {

namespace {

// TLSEXT_cert_type_rpk of OpenSSL 3.2 (RFC 7250 section 3).
constexpr unsigned char kRawPublicKeyType = 2;

using SetTypes = int (*)(SSL_CTX*, const unsigned char*, size_t);
using GetPeerKey = EVP_PKEY* (*)(const SSL*);

struct Functions {
  SetTypes set_client_types = nullptr;
  SetTypes set_server_types = nullptr;
  GetPeerKey peer_key = nullptr;
};

#if defined(DTLS_OPENSSL_STATIC)
// A look-up by name would find those of the host's OpenSSL.
Functions Find() {
#if OPENSSL_VERSION_NUMBER >= 0x30200000L
  return {SSL_CTX_set1_client_cert_type, SSL_CTX_set1_server_cert_type, SSL_get0_peer_rpk};
#else
  return {};
#endif
}
#elif defined(_WIN32)
Functions Find() { return {}; }
#else
Functions Find() {
  return {reinterpret_cast<SetTypes>(dlsym(RTLD_DEFAULT, "SSL_CTX_set1_client_cert_type")),
          reinterpret_cast<SetTypes>(dlsym(RTLD_DEFAULT, "SSL_CTX_set1_server_cert_type")),
          reinterpret_cast<GetPeerKey>(dlsym(RTLD_DEFAULT, "SSL_get0_peer_rpk"))};
}
#endif

const Functions& Found() {
  static const Functions functions = Find();
  return functions;
}

}  // namespace

bool HasRawPublicKeys() {
  const Functions& found = Found();
  return found.set_client_types != nullptr && found.set_server_types != nullptr && found.peer_key != nullptr;
}

bool UseRawPublicKey(SSL_CTX* ctx, EVP_PKEY* key) {
  if (!HasRawPublicKeys() || (key != nullptr && SSL_CTX_use_PrivateKey(ctx, key) != 1)) return false;
  return Found().set_client_types(ctx, &kRawPublicKeyType, 1) == 1 &&
         Found().set_server_types(ctx, &kRawPublicKeyType, 1) == 1;
}

EVP_PKEY* PeerRawPublicKey(const SSL* ssl) { return HasRawPublicKeys() ? Found().peer_key(ssl) : nullptr; }

}  // namespace dtls
