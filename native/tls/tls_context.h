#pragma once

#include <memory>
#include <string>

#include "tls/eddsa_server.h"
#include "tls/openssl_handles.h"
#include "tls/psk.h"
#include "tls/ticket_keys.h"

namespace dtls {

struct TlsContextOptions {
  // An OpenSSL cipher list, "@SECLEVEL=n" included.
  std::string ciphers;
  // On the wire: 0xfeff is DTLS 1.0, 0xfefd is DTLS 1.2.
  int min_version = DTLS1_2_VERSION;
  int max_version = DTLS1_2_VERSION;
  // OpenSSL's lists; its own when empty.
  std::string groups;
  std::string signature_algorithms;
  // What a server sends in ServerKeyExchange (RFC 4279 section 2); none when empty.
  std::string psk_identity_hint;
  bool keylog = false;
  uint32_t session_timeout_s = 300;
  // Asked for by a client (RFC 6066 section 4): 512, 1024, 2048 or 4096; 0: no.
  uint32_t max_fragment_length = 0;
  EddsaServer eddsa_server;
};

// What OpenSSL refused, and why. `option` is the name in binding.d.ts; "" when it was none of them.
struct TlsContextError {
  const char* option = "";
  std::string reason;
};

// One SSL_CTX and its credentials, shared by all its connections in either role: making an SSL_CTX costs more
// than a handshake.
class TlsContext {
 public:
  // nullptr on failure.
  static std::shared_ptr<TlsContext> Create(const TlsContextOptions& options, TlsContextError* error);

  SSL_CTX* ssl_ctx() const { return ctx_.get(); }
  PskCredentials& psk() { return psk_; }
  TicketKeys& ticket_keys() { return ticket_keys_; }
  const EddsaServer& eddsa_server() const { return eddsa_server_; }

 private:
  TlsContext(SslCtxPointer ctx, EddsaServer eddsa_server)
      : ctx_(std::move(ctx)), eddsa_server_(std::move(eddsa_server)) {}

  SslCtxPointer ctx_;
  const EddsaServer eddsa_server_;
  PskCredentials psk_;
  TicketKeys ticket_keys_;
};

// The newest entry of OpenSSL's error queue as text; "" when the queue is empty.
std::string LastErrorReason();

}  // namespace dtls
