#pragma once

#include <memory>
#include <string>

#include "tls/openssl_handles.h"
#include "tls/psk.h"

namespace dtls {

struct TlsContextOptions {
  // An OpenSSL cipher list, "@SECLEVEL=n" included.
  std::string ciphers;
  // What a server sends in ServerKeyExchange (RFC 4279 section 2); none when empty.
  std::string psk_identity_hint;
  bool keylog = false;
};

// One SSL_CTX and its credentials, shared by all its connections in either role: making an SSL_CTX costs more
// than a handshake.
class TlsContext {
 public:
  // nullptr on failure, with OpenSSL's reason in `error`.
  static std::shared_ptr<TlsContext> Create(const TlsContextOptions& options, std::string* error);

  SSL_CTX* ssl_ctx() const { return ctx_.get(); }
  PskCredentials& psk() { return psk_; }

 private:
  explicit TlsContext(SslCtxPointer ctx) : ctx_(std::move(ctx)) {}

  SslCtxPointer ctx_;
  PskCredentials psk_;
};

// The newest entry of OpenSSL's error queue as text; "" when the queue is empty.
std::string LastErrorReason();

}  // namespace dtls
