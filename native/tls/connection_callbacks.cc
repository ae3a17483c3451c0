// What OpenSSL asks a Connection, and tells it, in the middle of a verb.
#include <algorithm>
#include <cstring>
#include <mutex>

#include "tls/connection.h"

namespace dtls {

namespace {

// Only the name that is acknowledged stays in the session, for when it is resumed.
int AcceptServerName(SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; }

int ExDataIndex() {
  static int index = -1;
  static std::once_flag once;
  std::call_once(once, [] { index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr); });
  return index;
}

}  // namespace

void Connection::InstallCallbacks(SSL_CTX* ctx, bool keylog) {
  SSL_CTX_set_info_callback(ctx, OnInfo);
  SSL_CTX_set_psk_server_callback(ctx, OnServerPsk);
  SSL_CTX_set_psk_client_callback(ctx, OnClientPsk);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, OnTicketKey);
  SSL_CTX_set_alpn_select_cb(ctx, OnAlpn, nullptr);
  SSL_CTX_set_tlsext_servername_callback(ctx, AcceptServerName);
  if (keylog) SSL_CTX_set_keylog_callback(ctx, OnKeylog);
}

void Connection::Bind() { SSL_set_ex_data(ssl_.get(), ExDataIndex(), this); }

Connection* Connection::Of(const SSL* ssl) { return static_cast<Connection*>(SSL_get_ex_data(ssl, ExDataIndex())); }

void Connection::OnInfo(const SSL* ssl, int where, int value) {
  // A next step of the handshake: what was sent again too early is out, and what is written from now on is new.
  if ((where & SSL_CB_LOOP) != 0) Of(ssl)->channel_.SetMuted(false);
  if ((where & SSL_CB_ALERT) == 0) return;
  // Of the peer's warnings only close_notify ends anything; the others explain nothing.
  const bool matters = (value >> 8) == SSL3_AL_FATAL || (value & 0xff) == SSL_AD_CLOSE_NOTIFY;
  Connection* self = Of(ssl);
  if ((where & SSL_CB_WRITE) != 0) {
    self->alert_sent_ = value;
    return;
  }
  self->read_silently_ = true;
  if (matters) self->alert_received_ = value;
}

void Connection::OnKeylog(const SSL* ssl, const char* line) { Of(ssl)->keylog_.append(line).push_back('\n'); }

unsigned int Connection::OnTimer(SSL* ssl, unsigned int previous_us) {
  Connection* self = Of(ssl);
  if (self->virtual_timer_) {
    // What follows is what OpenSSL sends again too early.
    self->channel_.SetMuted(!self->virtual_timer_->OnStart(previous_us == 0));
    return self->virtual_timer_->OpensslWaitUs();
  }
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
