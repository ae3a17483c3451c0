#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

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
