#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace dtls {

template <auto Free>
struct FreeWith {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};

using SslPointer = std::unique_ptr<SSL, FreeWith<SSL_free>>;
using SslCtxPointer = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;
using BioAddrPointer = std::unique_ptr<BIO_ADDR, FreeWith<BIO_ADDR_free>>;
using BioPointer = std::unique_ptr<BIO, FreeWith<BIO_free>>;
using X509Pointer = std::unique_ptr<X509, FreeWith<X509_free>>;
using X509CrlPointer = std::unique_ptr<X509_CRL, FreeWith<X509_CRL_free>>;
using X509StorePointer = std::unique_ptr<X509_STORE, FreeWith<X509_STORE_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using KeyContextPointer = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;
using MacPointer = std::unique_ptr<EVP_MAC, FreeWith<EVP_MAC_free>>;
using MacContextPointer = std::unique_ptr<EVP_MAC_CTX, FreeWith<EVP_MAC_CTX_free>>;
using SessionPointer = std::unique_ptr<SSL_SESSION, FreeWith<SSL_SESSION_free>>;

inline void FreeCertificates(STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); }
using X509StackPointer = std::unique_ptr<STACK_OF(X509), FreeWith<FreeCertificates>>;

// Borrowed bytes, DER for the most part.
struct ByteView {
  const uint8_t* data = nullptr;
  size_t size = 0;
};

// The thread's OpenSSL error queue is shared with Node's own crypto. SSL_get_error() before OpenSSL 4 reads
// a left-over entry as our failure, and an entry that we leave would be read by Node as its own.
class ErrorScope {
 public:
  ErrorScope() { Clear(); }
  ~ErrorScope() { Clear(); }
  ErrorScope(const ErrorScope&) = delete;
  ErrorScope& operator=(const ErrorScope&) = delete;

 private:
  // Looking costs a tenth of clearing, and nearly always there is nothing.
  static void Clear() {
    if (ERR_peek_error() != 0) ERR_clear_error();
  }
};

}  // namespace dtls
