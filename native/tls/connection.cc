#include "tls/connection.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "tls/raw_public_key.h"
#include "tls/screen.h"

namespace dtls {

namespace {

// OpenSSL gathers a flight in a buffer of 4096 bytes and cuts records apart when the MTU exceeds it.
constexpr size_t kMaxHandshakeMtu = 4096;
// Ciphertexts that overtook the change of cipher: OpenSSL keeps up to 100 of them, each in a buffer of 16 KiB, and
// anybody can forge them.
constexpr size_t kMaxEarlyCiphertexts = 8;
// The largest handshake message that a server assembles, in bytes: a client's chain, if it asks for one.
constexpr long kMaxServerMessage = 16384;
// What a ClientHello has besides a session ticket: random, cookie, suites, extensions, headers. Servers look at its
// first fragment only until they have the cookie (DTLSv1_listen), or take none in fragments at all.
constexpr size_t kHelloWithoutTicket = 512;

// Size of the smallest ciphertext that a suite can produce.
size_t MinCiphertextOf(const SSL_CIPHER* cipher) {
  // OpenSSL itself drops what is too short for a block cipher with MAC.
  if (SSL_CIPHER_is_aead(cipher) == 0) return 0;
  // RFC 7905: no explicit nonce, a tag of 16. RFC 6655: an explicit nonce of 8, a tag of 8. RFC 5288: 8 and 16.
  const std::string_view name = SSL_CIPHER_get_name(cipher);
  const bool is_short = name.find("CHACHA20") != name.npos || name.find("CCM8") != name.npos;
  return is_short ? 16 : 24;
}

// The verdict stays in SSL_get_verify_result().
int AcceptUntrusted(int, X509_STORE_CTX*) { return 1; }

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
  connection->Bind();
  connection->ApplyMtu();
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
  offered_.reset(d2i_SSL_SESSION(nullptr, &at, static_cast<long>(der.size())));
  if (offered_ == nullptr) return false;
  // Without it the handshake is a full one.
  return !HasRoomFor(offered_.get()) || SSL_set_session(ssl_.get(), offered_.get()) == 1;
}

bool Connection::HasRoomFor(const SSL_SESSION* session) const {
  const unsigned char* ticket = nullptr;
  size_t ticket_size = 0;
  SSL_SESSION_get0_ticket(session, &ticket, &ticket_size);
  return ticket_size == 0 || ticket_size + kHelloWithoutTicket <= std::min(mtu_, kMaxHandshakeMtu);
}

void Connection::ApplyMtu() const {
  SSL_set_mtu(ssl_.get(), static_cast<long>(std::min(mtu_, kMaxHandshakeMtu)));
}

void Connection::SetMtu(size_t mtu) {
  mtu_ = mtu;
  channel_.SetMtu(mtu);
  ApplyMtu();
  SSL* ssl = ssl_.get();
  const SSL_SESSION* offered = SSL_in_before(ssl) != 0 ? SSL_get0_session(ssl) : nullptr;
  if (offered != nullptr && !HasRoomFor(offered)) SSL_set_session(ssl, nullptr);
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
  if (is_established_) return ReceiveData(datagram, size, into, capacity);
  // One by one: the plaintext of a flight may hold the ServerHello that tells the version of what follows, and the
  // cipher, and the change of cipher that its ciphertext waits for.
  const size_t plaintext = LeadingPlaintextSize(datagram, size);
  for (size_t at = 0, record = 0; at < plaintext; at += record) {
    record = WholeRecordSize(datagram + at, plaintext - at);
    const int32_t status = Feed(Screen(datagram + at, record, Bounds()), into, capacity);
    if (status != kIdle) return status;
  }
  const RecordBounds bounds = Bounds();
  // No flight has plaintext behind a ciphertext, least of all before there is a cipher.
  if (bounds.min_ciphertext == kNoCiphertext) return kIdle;
  const Screen rest(datagram + plaintext, size - plaintext, bounds);
  return AdmitsCiphertexts(rest.ciphertexts()) ? Feed(rest, into, capacity) : static_cast<int32_t>(kIdle);
}

int32_t Connection::ReceiveData(const uint8_t* datagram, size_t size, uint8_t* into, size_t capacity) {
  const Screen records(datagram, size, bounds_);
  if (records.size() == 0) return kUnwanted;
  read_silently_ = false;
  const int32_t status = Feed(records, into, capacity);
  if (status < 0) return status;
  std::optional<uint64_t> lowest;
  bool is_replayed = true;
  bool has_content = false;
  for (size_t at = 0, record_size = 0; at < records.size(); at += record_size) {
    const uint8_t* record = records.data() + at;
    record_size = WholeRecordSize(record, records.size() - at);
    // Handshake records may be the peer's repeated flight.
    if (RecordEpoch(record) == 0 || (record[0] != kApplicationData && record[0] != kAlert)) continue;
    const uint64_t number = RecordNumber(record);
    lowest = std::min(lowest.value_or(number), number);
    if (!window_.Covers(number)) is_replayed = false;
    if (record_size > kRecordHeaderSize + bounds_.min_ciphertext) has_content = true;
  }
  if (!lowest) return status;
  if (status == kIdle && !read_silently_) {
    if (is_replayed) return kReplayed;
    // OpenSSL 3.2 and later pass over data without content in silence; who forges such gains nothing.
    return has_content ? kForged : kUnwanted;
  }
  // Which of several records the message came in cannot be told: others may be forged, and a number that is too high
  // would make all that follow look replayed.
  window_.Add(*lowest);
  return status;
}

uint64_t Connection::RecordsAhead(const uint8_t* datagram, size_t size) const {
  if (!is_established_ || WholeRecordSize(datagram, size) != size || size == 0) return 0;
  const bool is_wanted = datagram[0] == kApplicationData || datagram[0] == kAlert;
  if (!is_wanted || RecordEpoch(datagram) != 1) return 0;
  const uint64_t number = RecordNumber(datagram);
  return number > window_.highest() ? number - window_.highest() : 0;
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
  const int32_t status = is_established_ ? Read(into, capacity) : Handshake();
  channel_.SetMuted(false);
  return status;
}

int32_t Connection::Handshake() {
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) return Conclude(result);
  channel_.Shrink();
  psk_.reset();
  offered_.reset();
  is_established_ = true;
  bounds_ = Bounds();
  return kEstablished;
}

int32_t Connection::Read(uint8_t* into, size_t capacity) {
  size_t size = 0;
  while (SSL_read_ex(ssl_.get(), into, std::min(capacity, kMaxPlaintext), &size) == 1) {
    if (size > 0) return static_cast<int32_t>(size);
    // Data may have no content (RFC 5246 section 6.2.1). SSL_read() does not tell that from a failure.
    read_silently_ = true;
  }
  return Conclude(0);
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

int32_t Connection::HandleTimeout(double now_ms) {
  if (failed_) return kFailed;
  ErrorScope errors;
  buffers_->Require();
  // 0 (not yet due) and 1 (retransmitted) are both well; only -1 is fatal.
  const int result =
      virtual_timer_ ? virtual_timer_->Handle(ssl_.get(), now_ms) : DTLSv1_handle_timeout(ssl_.get());
  return result < 0 ? Fail() : static_cast<int32_t>(kIdle);
}

int32_t Connection::Shutdown() {
  if (failed_) return kFailed;
  if (!is_established_) return kIdle;
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

RecordBounds Connection::Bounds() const {
  const SSL_CIPHER* cipher = Cipher();
  if (cipher == nullptr) return {};
  return {MinCiphertextOf(cipher), static_cast<uint16_t>(SSL_version(ssl_.get())), MaxFragment()};
}

size_t Connection::MaxFragment() const {
  const SSL_SESSION* session = SSL_get0_session(ssl_.get());
  const uint8_t code = session == nullptr ? 0 : SSL_SESSION_get_max_fragment_length(session);
  return code >= 1 && code <= 4 ? size_t{256} << code : kMaxPlaintext;
}

const SSL_CIPHER* Connection::Cipher() const {
  const SSL* ssl = ssl_.get();
  return is_established_ ? SSL_get_current_cipher(ssl) : SSL_get_pending_cipher(ssl);
}

int32_t Connection::TimeoutMs(double now_ms) {
  timeval left;
  if (failed_ || DTLSv1_get_timeout(ssl_.get(), &left) != 1) return -1;
  if (virtual_timer_) return virtual_timer_->LeftMs(now_ms);
  return static_cast<int32_t>(left.tv_sec * 1000 + (left.tv_usec + 999) / 1000);
}

Stage Connection::stage() const {
  if (is_established_) return Stage::kEstablished;
  // By name, for one binary serves several OpenSSL versions, and 3.2 has given the states other numbers.
  const std::string_view state = SSL_state_string(ssl_.get());
  if (state == "TWFIN") return Stage::kSentFinished;
  return state == "TRCCS" ? Stage::kAwaitingFinished : Stage::kNegotiating;
}

int32_t Connection::progress() const {
  return static_cast<int32_t>(stage()) | (IsPeerKnown() ? kPeerKnown : 0) | (psk_requested_ ? kPskRequested : 0);
}

bool Connection::IsPeerKnown() const {
  // Before the ServerHello a client's session is the one that it offers: what is in it says nothing about this peer.
  if (Cipher() == nullptr) return false;
  const SSL* ssl = ssl_.get();
  // Nor does a certificate whose key the peer has not shown yet. With an answer to give, OpenSSL has seen to that.
  if (SSL_is_init_finished(ssl) == 0 && !channel_.HasOutput()) return false;
  return SSL_get0_peer_certificate(ssl) != nullptr || PeerRawPublicKey(ssl) != nullptr ||
         SSL_session_reused(ssl) == 1;
}

size_t Connection::MaxPayload(size_t mtu) const {
  if (!is_established_) return 0;
  // OpenSSL knows one MTU, which is that of a last flight that may have to be sent again.
  SSL_set_mtu(ssl_.get(), static_cast<long>(mtu));
  const size_t payload = std::min(DTLS_get_data_mtu(ssl_.get()), MaxFragment());
  ApplyMtu();
  return payload;
}

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

}  // namespace dtls
