#include "tls/eddsa_server.h"

#include <openssl/ec.h>
#include <openssl/evp.h>

namespace dtls {

bool EddsaServer::AddStandIn(SSL_CTX* ctx) const {
  if (signature_algorithms.empty()) return true;
  const KeyPointer key(EVP_EC_gen("P-256"));
  const X509Pointer certificate(X509_new());
  if (key == nullptr || certificate == nullptr) return false;
  X509* own = SSL_CTX_get0_certificate(ctx);
  constexpr long kOneDay = 86400;
  return X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kOneDay) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kOneDay) != nullptr &&
         X509_set_pubkey(certificate.get(), key.get()) == 1 &&
         X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0 &&
         SSL_CTX_use_cert_and_key(ctx, certificate.get(), key.get(), nullptr, 0) == 1 &&
         // A client of the same context shows the one that came last; a raw public key has yet to come.
         (own == nullptr || SSL_CTX_select_current_cert(ctx, own) == 1);
}

bool EddsaServer::Apply(SSL* ssl) const {
  if (signature_algorithms.empty()) return true;
  return SSL_set1_sigalgs_list(ssl, signature_algorithms.c_str()) == 1 &&
         SSL_set1_client_sigalgs_list(ssl, peer_signature_algorithms.c_str()) == 1;
}

}  // namespace dtls
