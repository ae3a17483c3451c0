#include "tls/tls_context.h"

#include "tls/acceptor.h"
#include "tls/connection.h"

namespace dtls {

namespace {

bool Configure(SSL_CTX* ctx, const TlsContextOptions& options) {
  // OpenSSL 4.1 brings DTLS 1.3, which would change the wire behaviour and the cookie path unasked.
  if (SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) != 1) return false;
  if (SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) != 1) return false;
  if (SSL_CTX_set_cipher_list(ctx, options.ciphers.c_str()) != 1) return false;
  // With encrypt-then-MAC OpenSSL (3.0 to 3.5 at least) takes a record whose MAC is bad for a fatal error, so that
  // one forged datagram would end a CBC association; without it the record is dropped (RFC 6347 section 4.1.2.7).
  SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                               SSL_OP_NO_ENCRYPT_THEN_MAC | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // The largest handshake message that is assembled, in bytes: without certificates none is large.
  SSL_CTX_set_max_cert_list(ctx, 16384);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_dh_auto(ctx, 1);
  const char* hint = options.psk_identity_hint.empty() ? nullptr : options.psk_identity_hint.c_str();
  return SSL_CTX_use_psk_identity_hint(ctx, hint) == 1;
}

}  // namespace

std::shared_ptr<TlsContext> TlsContext::Create(const TlsContextOptions& options, std::string* error) {
  ErrorScope errors;
  SslCtxPointer ctx(SSL_CTX_new(DTLS_method()));
  if (ctx == nullptr || !Configure(ctx.get(), options)) {
    *error = LastErrorReason();
    return nullptr;
  }
  Connection::InstallCallbacks(ctx.get(), options.keylog);
  Acceptor::InstallCallbacks(ctx.get());
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(ctx)));
}

std::string LastErrorReason() {
  const unsigned long code = ERR_peek_last_error();
  if (code == 0) return "";
  if (const char* reason = ERR_reason_error_string(code)) return reason;
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

}  // namespace dtls
