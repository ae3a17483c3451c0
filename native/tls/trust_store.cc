#include "tls/trust_store.h"

#include <openssl/x509_vfy.h>

namespace dtls {

bool TrustStore::AddCertificate(ByteView der) {
  const uint8_t* at = der.data;
  const X509Pointer certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size)));
  return store_ != nullptr && certificate != nullptr && X509_STORE_add_cert(store_.get(), certificate.get()) == 1;
}

bool TrustStore::AddRevocationList(ByteView der) {
  const uint8_t* at = der.data;
  const X509CrlPointer list(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size)));
  if (store_ == nullptr || list == nullptr || X509_STORE_add_crl(store_.get(), list.get()) != 1) return false;
  return X509_STORE_set_flags(store_.get(), X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1;
}

int TrustStore::size() const {
  return store_ == nullptr ? 0 : sk_X509_OBJECT_num(X509_STORE_get0_objects(store_.get()));
}

bool TrustStore::UseIn(SSL_CTX* ctx, bool announce) const {
  if (store_ == nullptr) return false;
  SSL_CTX_set1_cert_store(ctx, store_.get());
  // OpenSSL's default, in bytes.
  SSL_CTX_set_max_cert_list(ctx, SSL_MAX_CERT_LIST_DEFAULT);
  if (!announce) return true;
  STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(store_.get());
  for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
    X509* certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
    if (certificate != nullptr && SSL_CTX_add_client_CA(ctx, certificate) != 1) return false;
  }
  return true;
}

}  // namespace dtls
