#include "tls/connection.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <string_view>
#include <utility>

#include "tls/screen.h"

namespace dtls {

namespace {

// OpenSSL gathers a flight in a buffer of 4096 bytes and cuts records apart when the MTU exceeds it.
constexpr size_t kMaxHandshakeMtu = 4096;
// Ciphertexts that overtook the change of cipher: OpenSSL keeps up to 100 of them, each in a buffer of 16 KiB, and
// anybody can forge them.
constexpr size_t kMaxEarlyCiphertexts = 8;
// What TLS allows in one record (RFC 5246 section 6.2.1).
constexpr size_t kMaxPlaintext = 16384;
// The largest handshake message that a server assembles, in bytes: a client's chain, if it asks for one.
constexpr long kMaxServerMessage = 16384;
// What a ClientHello has besides a session ticket: random, cookie, suites, extensions, headers. OpenSSL's servers take
// no ClientHello in fragments (DTLSv1_listen), and a cookie exchange in several datagrams would be no protection.
constexpr size_t kHelloWithoutTicket = 512;

// Only the name that is acknowledged stays in the session, for when it is resumed.
int AcceptServerName(SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; }

// The verdict stays in SSL_get_verify_result().
int AcceptUntrusted(int, X509_STORE_CTX*) { return 1; }

int ExDataIndex() {
  static int index = -1;
  static std::once_flag once;
  std::call_once(once, [] { index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr); });
  return index;
}

}  // namespace

std::unique_ptr<Connection> Connection::Create(std::shared_ptr<TlsContext> context, Role role,
                                               const ConnectionOptions& options) {
  ErrorScope errors;
  std::unique_ptr<Connection> connection(new Connection(std::move(context), options));
  connection->ssl_.reset(SSL_new(connection->context_->ssl_ctx()));
  SSL* ssl = connection->ssl_.get();
  BIO* bio = ssl == nullptr ? nullptr : connection->channel_.NewBio();
  if (bio == nullptr) return nullptr;
  SSL_set_bio(ssl, bio, bio);
  connection->buffers_.emplace(ssl);
  SSL_set_ex_data(ssl, ExDataIndex(), connection.get());
  SSL_set_mtu(ssl, static_cast<long>(std::min(options.mtu, kMaxHandshakeMtu)));
  DTLS_set_timer_cb(ssl, OnTimer);
  const std::string& srtp = options.srtp_profiles;
  if (!srtp.empty() && SSL_set_tlsext_use_srtp(ssl, srtp.c_str()) != 0) return nullptr;
  const bool is_configured =
      role == Role::kServer ? connection->ConfigureServer(options) : connection->ConfigureClient(options);
  return is_configured ? std::move(connection) : nullptr;
}

bool Connection::ConfigureServer(const ConnectionOptions& options) {
  SSL* ssl = ssl_.get();
  SSL_set_accept_state(ssl);
  int mode = SSL_VERIFY_NONE;
  if (options.request_certificate) mode |= SSL_VERIFY_PEER;
  if (options.require_certificate) mode |= SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  SSL_set_verify(ssl, mode, options.require_trust ? nullptr : AcceptUntrusted);
  if (!options.tickets) SSL_set_options(ssl, SSL_OP_NO_TICKET);
  // Anybody with a cookie may send a message of this size, and a session keeps a client's chain.
  SSL_set_max_cert_list(ssl, kMaxServerMessage);
  if (!context_->eddsa_server().Apply(ssl)) return false;
  return SSL_set_session_id_context(ssl, reinterpret_cast<const uint8_t*>(options.session_id_context.data()),
                                    static_cast<unsigned int>(options.session_id_context.size())) == 1;
}

bool Connection::ConfigureClient(const ConnectionOptions& options) {
  SSL* ssl = ssl_.get();
  SSL_set_connect_state(ssl);
  // A certificate must never pass unchecked, whatever the cipher list says: without trust anchors all are refused.
  SSL_set_verify(ssl, SSL_VERIFY_PEER, options.require_trust ? nullptr : AcceptUntrusted);
  if (!options.server_name.empty() && SSL_set_tlsext_host_name(ssl, options.server_name.c_str()) != 1) return false;
  if (!options.alpn_protocols.empty() &&
      SSL_set_alpn_protos(ssl, reinterpret_cast<const uint8_t*>(options.alpn_protocols.data()),
                          static_cast<unsigned int>(options.alpn_protocols.size())) != 0) {
    return false;
  }
  return options.session.empty() || OfferSession(options.session);
}

bool Connection::OfferSession(const std::string& der) {
  const auto* at = reinterpret_cast<const uint8_t*>(der.data());
  const SessionPointer session(d2i_SSL_SESSION(nullptr, &at, static_cast<long>(der.size())));
  if (session == nullptr) return false;
  const unsigned char* ticket = nullptr;
  size_t ticket_size = 0;
  SSL_SESSION_get0_ticket(session.get(), &ticket, &ticket_size);
  // Without it the handshake is a full one.
  if (ticket_size > 0 && ticket_size + kHelloWithoutTicket > std::min(mtu_, kMaxHandshakeMtu)) return true;
  return SSL_set_session(ssl_.get(), session.get()) == 1;
}

bool Connection::UseContext(std::shared_ptr<TlsContext> context, ByteView session_id_context, bool keep_trust) {
  ErrorScope errors;
  if (SSL_set_SSL_CTX(ssl_.get(), context->ssl_ctx()) == nullptr) return false;
  context_ = std::move(context);
  if (keep_trust && !KeepTrust()) return false;
  return context_->eddsa_server().Apply(ssl_.get()) &&
         SSL_set_session_id_context(ssl_.get(), session_id_context.data,
                                    static_cast<unsigned int>(session_id_context.size)) == 1;
}

bool Connection::KeepTrust() {
  SSL_CTX* former = first_context_->ssl_ctx();
  SSL_set_client_CA_list(ssl_.get(), SSL_dup_CA_list(SSL_CTX_get_client_CA_list(former)));
  return SSL_set1_verify_cert_store(ssl_.get(), SSL_CTX_get_cert_store(former)) == 1;
}

int32_t Connection::Start() {
  if (failed_) return kFailed;
  ErrorScope errors;
  buffers_->Require();
  return Handshake();
}

int32_t Connection::Receive(const uint8_t* datagram, size_t size, uint8_t* into, size_t capacity) {
  if (failed_) return kFailed;
  if (SSL_is_init_finished(ssl_.get())) return Feed(Screen(datagram, size, min_ciphertext_), into, capacity);
  // The plaintext of a flight may hold the change of cipher that its ciphertext waits for and, when a session is
  // resumed, the ServerHello that tells the cipher.
  const size_t plaintext = LeadingPlaintextSize(datagram, size);
  const int32_t status = Feed(Screen(datagram, plaintext, kNoCiphertext), into, capacity);
  if (status != kIdle) return status;
  const Screen rest(datagram + plaintext, size - plaintext, MinCiphertext());
  return AdmitsCiphertexts(rest.ciphertexts()) ? Feed(rest, into, capacity) : static_cast<int32_t>(kIdle);
}

int32_t Connection::Feed(const Screen& records, uint8_t* into, size_t capacity) {
  if (records.size() == 0) return kIdle;
  channel_.BeginInput(records.data(), records.size());
  const int32_t status = Poll(into, capacity);
  channel_.EndInput();
  return status;
}

bool Connection::AdmitsCiphertexts(size_t count) {
  if (stage() >= Stage::kAwaitingFinished) return true;
  if (early_ciphertexts_ + count > kMaxEarlyCiphertexts) return false;
  early_ciphertexts_ += count;
  return true;
}

int32_t Connection::Poll(uint8_t* into, size_t capacity) {
  if (failed_) return kFailed;
  ErrorScope errors;
  buffers_->Require();
  return SSL_is_init_finished(ssl_.get()) ? Read(into, capacity) : Handshake();
}

int32_t Connection::Handshake() {
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) return Conclude(result);
  // The buffering BIO is gone, and the data that follow may use the whole MTU.
  SSL_set_mtu(ssl_.get(), static_cast<long>(mtu_));
  channel_.Shrink();
  psk_.reset();
  min_ciphertext_ = MinCiphertext();
  return kEstablished;
}

int32_t Connection::Read(uint8_t* into, size_t capacity) {
  const int result = SSL_read(ssl_.get(), into, static_cast<int>(std::min(capacity, kMaxPlaintext)));
  return result > 0 ? result : Conclude(result);
}

int32_t Connection::Write(const uint8_t* data, size_t size) {
  if (failed_) return kFailed;
  ErrorScope errors;
  buffers_->Require();
  const int result = SSL_write(ssl_.get(), data, static_cast<int>(size));
  if (result > 0) return kIdle;
  const int32_t status = Conclude(result);
  // The BIO never refuses a write, so there is nothing to wait for.
  return status == kIdle ? Fail() : status;
}

int32_t Connection::HandleTimeout() {
  if (failed_) return kFailed;
  ErrorScope errors;
  buffers_->Require();
  // 0 (not yet due) and 1 (retransmitted) are both well; only -1 is fatal.
  return DTLSv1_handle_timeout(ssl_.get()) < 0 ? Fail() : static_cast<int32_t>(kIdle);
}

int32_t Connection::Shutdown() {
  if (failed_) return kFailed;
  if (!SSL_is_init_finished(ssl_.get())) return kIdle;
  ErrorScope errors;
  buffers_->Require();
  SSL_shutdown(ssl_.get());
  return kIdle;
}

int32_t Connection::Conclude(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return kIdle;
    case SSL_ERROR_ZERO_RETURN:
      return kClosed;
    default:
      return Fail();
  }
}

int32_t Connection::Fail() {
  failed_ = true;
  reason_ = LastErrorReason();
  return kFailed;
}

size_t Connection::MinCiphertext() const {
  const SSL_CIPHER* cipher = Cipher();
  if (cipher == nullptr) return kNoCiphertext;
  // OpenSSL itself drops what is too short for a block cipher with MAC.
  if (SSL_CIPHER_is_aead(cipher) == 0) return 0;
  // RFC 7905: no explicit nonce, a tag of 16. RFC 6655: an explicit nonce of 8, a tag of 8. RFC 5288: 8 and 16.
  const std::string_view name = SSL_CIPHER_get_name(cipher);
  const bool is_short = name.find("CHACHA20") != name.npos || name.find("CCM8") != name.npos;
  return is_short ? 16 : 24;
}

const SSL_CIPHER* Connection::Cipher() const {
  const SSL* ssl = ssl_.get();
  return SSL_is_init_finished(ssl) ? SSL_get_current_cipher(ssl) : SSL_get_pending_cipher(ssl);
}

int32_t Connection::TimeoutMs() {
  timeval left;
  if (failed_ || DTLSv1_get_timeout(ssl_.get(), &left) != 1) return -1;
  return static_cast<int32_t>(left.tv_sec * 1000 + (left.tv_usec + 999) / 1000);
}

Stage Connection::stage() const {
  if (SSL_is_init_finished(ssl_.get())) return Stage::kEstablished;
  // By name, for one binary serves several OpenSSL versions, and 3.2 has given the states other numbers.
  const std::string_view state = SSL_state_string(ssl_.get());
  if (state == "TWFIN") return Stage::kSentFinished;
  return state == "TRCCS" ? Stage::kAwaitingFinished : Stage::kNegotiating;
}

size_t Connection::MaxPayload() const {
  if (!SSL_is_init_finished(ssl_.get())) return 0;
  const uint8_t code = SSL_SESSION_get_max_fragment_length(SSL_get0_session(ssl_.get()));
  const size_t fragment = code >= 1 && code <= 4 ? size_t{256} << code : kMaxPlaintext;
  return std::min(DTLS_get_data_mtu(ssl_.get()), fragment);
}

bool Connection::TakePskRequested() { return std::exchange(psk_requested_, false); }

std::string Connection::PskIdentity() const {
  if (!psk_identity_.empty()) return psk_identity_;
  const char* resumed = SSL_session_reused(ssl_.get()) == 1 ? SSL_get_psk_identity(ssl_.get()) : nullptr;
  return resumed == nullptr ? "" : resumed;
}

std::string Connection::TakeKeylog() { return std::exchange(keylog_, std::string()); }

void Connection::SetTrace(bool enabled) {
#ifndef OPENSSL_NO_SSL_TRACE
  trace_.reset(enabled ? BIO_new(BIO_s_mem()) : nullptr);
  SSL_set_msg_callback(ssl_.get(), trace_ == nullptr ? nullptr : SSL_trace);
  SSL_set_msg_callback_arg(ssl_.get(), trace_.get());
#else
  static_cast<void>(enabled);
#endif
}

std::string Connection::TakeTrace() {
  char* text = nullptr;
  const long size = trace_ == nullptr ? 0 : BIO_get_mem_data(trace_.get(), &text);
  std::string taken(text, static_cast<size_t>(size));
  if (size > 0) BIO_reset(trace_.get());
  return taken;
}

void Connection::InstallCallbacks(SSL_CTX* ctx, bool keylog) {
  SSL_CTX_set_info_callback(ctx, OnInfo);
  SSL_CTX_set_psk_server_callback(ctx, OnServerPsk);
  SSL_CTX_set_psk_client_callback(ctx, OnClientPsk);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, OnTicketKey);
  SSL_CTX_set_alpn_select_cb(ctx, OnAlpn, nullptr);
  SSL_CTX_set_tlsext_servername_callback(ctx, AcceptServerName);
  if (keylog) SSL_CTX_set_keylog_callback(ctx, OnKeylog);
}

Connection* Connection::Of(const SSL* ssl) { return static_cast<Connection*>(SSL_get_ex_data(ssl, ExDataIndex())); }

void Connection::OnInfo(const SSL* ssl, int where, int value) {
  if ((where & SSL_CB_ALERT) == 0) return;
  // Of the peer's warnings only close_notify ends anything; the others explain nothing.
  const bool matters = (value >> 8) == SSL3_AL_FATAL || (value & 0xff) == SSL_AD_CLOSE_NOTIFY;
  if ((where & SSL_CB_WRITE) != 0) {
    Of(ssl)->alert_sent_ = value;
  } else if (matters) {
    Of(ssl)->alert_received_ = value;
  }
}

void Connection::OnKeylog(const SSL* ssl, const char* line) { Of(ssl)->keylog_.append(line).push_back('\n'); }

unsigned int Connection::OnTimer(SSL* ssl, unsigned int previous_us) {
  const Connection* self = Of(ssl);
  const uint64_t next = previous_us == 0 ? self->initial_timeout_ms_ * 1000ull : previous_us * 2ull;
  return static_cast<unsigned int>(std::min<uint64_t>(next, self->max_timeout_ms_ * 1000ull));
}

unsigned int Connection::OnClientPsk(SSL* ssl, const char*, char* identity, unsigned int max_identity,
                                     unsigned char* key, unsigned int max_key) {
  Connection* self = Of(ssl);
  self->psk_requested_ = true;
  const PskCredentials& psk = self->context_->psk();
  const std::optional<ClientPsk>& chosen = psk.client ? psk.client : self->psk_;
  if (!chosen || chosen->identity.size() >= max_identity || chosen->key.size() > max_key) return 0;
  self->psk_identity_ = chosen->identity;
  std::memcpy(identity, chosen->identity.c_str(), chosen->identity.size() + 1);
  std::memcpy(key, chosen->key.data(), chosen->key.size());
  return static_cast<unsigned int>(chosen->key.size());
}

unsigned int Connection::OnServerPsk(SSL* ssl, const char* identity, unsigned char* key, unsigned int max_key) {
  Connection* self = Of(ssl);
  self->psk_requested_ = true;
  self->psk_identity_ = identity == nullptr ? "" : identity;
  const PskCredentials& psk = self->context_->psk();
  const auto entry = psk.table.find(self->psk_identity_);
  const SecretBytes* chosen = entry == psk.table.end() ? nullptr : &entry->second;
  if (chosen == nullptr && self->psk_ && self->psk_->identity == self->psk_identity_) chosen = &self->psk_->key;
  if (chosen == nullptr || chosen->size() > max_key) return 0;
  std::memcpy(key, chosen->data(), chosen->size());
  return static_cast<unsigned int>(chosen->size());
}

int Connection::OnTicketKey(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                            EVP_MAC_CTX* mac, int is_new) {
  const TicketKeys& keys = Of(ssl)->first_context_->ticket_keys();
  return is_new == 1 ? keys.Encrypt(name, iv, cipher, mac) : keys.Decrypt(name, iv, cipher, mac);
}

int Connection::OnAlpn(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char*,
                       unsigned int, void*) {
  const std::optional<std::string>& alpn = Of(ssl)->alpn_;
  if (!alpn) return SSL_TLSEXT_ERR_NOACK;
  if (alpn->empty()) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = reinterpret_cast<const unsigned char*>(alpn->data());
  *chosen_size = static_cast<unsigned char>(alpn->size());
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace dtls
