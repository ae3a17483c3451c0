#include "tls/tls_context.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "tls/acceptor.h"
#include "tls/connection.h"

namespace dtls {

namespace {

// What a server remembers of sessions without tickets; each holds the chain that its client has sent.
constexpr long kMaxSessions = 4096;

constexpr int kSecurityLevelOf128Bits = 3;

// OpenSSL's number for a length of RFC 6066 section 4: 1 for 512 up to 4 for 4096.
uint8_t FragmentLengthCode(uint32_t length) {
  uint8_t code = 0;
  for (; length >= 512; length /= 2) ++code;
  return code;
}

// The name of the option that OpenSSL refuses; nullptr when it takes them all.
const char* RefusedOption(SSL_CTX* ctx, const TlsContextOptions& options) {
  // Never left open: OpenSSL 4.1 brings DTLS 1.3, which would change the wire behaviour and the cookie path unasked.
  if (SSL_CTX_set_min_proto_version(ctx, options.min_version) != 1) return "minVersion";
  if (SSL_CTX_set_max_proto_version(ctx, options.max_version) != 1) return "maxVersion";
  if (SSL_CTX_set_cipher_list(ctx, options.ciphers.c_str()) != 1) return "ciphers";
  if (!options.groups.empty() && SSL_CTX_set1_groups_list(ctx, options.groups.c_str()) != 1) return "groups";
  if (!options.signature_algorithms.empty() &&
      SSL_CTX_set1_sigalgs_list(ctx, options.signature_algorithms.c_str()) != 1) {
    return "signatureAlgorithms";
  }
  const uint8_t fragment_code = FragmentLengthCode(options.max_fragment_length);
  if (fragment_code != 0 && SSL_CTX_set_tlsext_max_fragment_length(ctx, fragment_code) != 1) return "maxFragmentLength";
  const char* hint = options.psk_identity_hint.empty() ? nullptr : options.psk_identity_hint.c_str();
  return SSL_CTX_use_psk_identity_hint(ctx, hint) == 1 ? nullptr : "pskIdentityHint";
}

void SetPolicy(SSL_CTX* ctx, const TlsContextOptions& options) {
  // With encrypt-then-MAC OpenSSL (3.0 to 3.5 at least) takes a record whose MAC is bad for a fatal error, so that
  // one forged datagram would end a CBC association; without it the record is dropped (RFC 6347 section 4.1.2.7).
  SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                               SSL_OP_NO_ENCRYPT_THEN_MAC | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // The largest handshake message that is assembled, in bytes; raised for who verifies certificates.
  SSL_CTX_set_max_cert_list(ctx, 16384);
  // Sessions by ID, for clients without tickets.
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER);
  SSL_CTX_sess_set_cache_size(ctx, kMaxSessions);
  SSL_CTX_set_timeout(ctx, static_cast<long>(options.session_timeout_s));
}

// For DHE, 128 bits of security. SSL_CTX_set_dh_auto() would take 1024 bits for DHE-PSK with AES-128 at security level
// 1, which is Node's. Levels that demand more do without DHE.
bool SetDhGroup(SSL_CTX* ctx) {
  if (SSL_CTX_get_security_level(ctx) > kSecurityLevelOf128Bits) return true;
  const KeyContextPointer generator(EVP_PKEY_CTX_new_from_name(nullptr, "DH", nullptr));
  char group[] = "ffdhe3072";
  OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                             OSSL_PARAM_construct_end()};
  EVP_PKEY* key = nullptr;
  if (generator == nullptr || EVP_PKEY_fromdata_init(generator.get()) != 1 ||
      EVP_PKEY_fromdata(generator.get(), &key, EVP_PKEY_KEY_PARAMETERS, parameters) != 1) {
    return false;
  }
  if (SSL_CTX_set0_tmp_dh_pkey(ctx, key) == 1) return true;
  EVP_PKEY_free(key);
  return false;
}

}  // namespace

std::shared_ptr<TlsContext> TlsContext::Create(const TlsContextOptions& options, TlsContextError* error) {
  ErrorScope errors;
  SslCtxPointer ctx(SSL_CTX_new(DTLS_method()));
  const char* refused = ctx == nullptr ? "" : RefusedOption(ctx.get(), options);
  if (refused != nullptr) {
    *error = {refused, LastErrorReason()};
    return nullptr;
  }
  SetPolicy(ctx.get(), options);
  if (!SetDhGroup(ctx.get())) {
    *error = {"", LastErrorReason()};
    return nullptr;
  }
  Connection::InstallCallbacks(ctx.get(), options.keylog);
  Acceptor::InstallCallbacks(ctx.get());
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(ctx), options.eddsa_server));
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
