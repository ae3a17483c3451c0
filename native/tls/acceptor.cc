#include "tls/acceptor.h"

#include <utility>

#include "tls/screen.h"

namespace dtls {

void Acceptor::SetCookieKeys(const std::vector<CookieKey>& keys) {
  ErrorScope errors;
  cookies_.clear();
  for (const CookieKey& key : keys) cookies_.emplace_back(key);
}

Acceptor::Result Acceptor::Accept(const uint8_t* datagram, size_t size, const uint8_t* address, size_t address_size) {
  if (!BeginsClientHello(datagram, size)) return Result::kIgnored;
  const Screen screen(datagram, size, RecordBounds());
  if (candidate_ == nullptr) {
    candidate_ = Connection::Create(context_, Role::kServer, options_);
    if (candidate_ == nullptr) return Result::kIgnored;
  }
  if (unused_ == nullptr) return Result::kIgnored;

  ErrorScope errors;
  candidate_->acceptor = this;
  address_ = {address, address_size};
  candidate_->channel().Clear();
  candidate_->channel().BeginInput(screen.data(), screen.size());
  const int result = DTLSv1_listen(candidate_->ssl(), unused_.get());
  candidate_->channel().BeginInput(nullptr, 0);
  address_ = {};
  if (result == 1) {
    candidate_->acceptor = nullptr;
    hello_number_ = RecordNumber(screen.data());
    return Result::kVerified;
  }
  return candidate_->channel().HasOutput() ? Result::kReply : Result::kIgnored;
}

std::unique_ptr<Connection> Acceptor::Promote() {
  if (candidate_ == nullptr || candidate_->acceptor != nullptr) return nullptr;
  candidate_->channel().NumberFrom(hello_number_);
  return std::move(candidate_);
}

void Acceptor::InstallCallbacks(SSL_CTX* ctx) {
  SSL_CTX_set_cookie_generate_cb(ctx, OnGenerateCookie);
  SSL_CTX_set_cookie_verify_cb(ctx, OnVerifyCookie);
}

int Acceptor::OnGenerateCookie(SSL* ssl, unsigned char* cookie, unsigned int* size) {
  Acceptor* self = Connection::AcceptorOf(ssl);
  *size = kCookieSize;
  return self != nullptr && !self->cookies_.empty() && self->cookies_.front().Make(self->address_, cookie) ? 1 : 0;
}

int Acceptor::OnVerifyCookie(SSL* ssl, const unsigned char* cookie, unsigned int size) {
  Acceptor* self = Connection::AcceptorOf(ssl);
  // Once promoted, the handshake parses the hello that DTLSv1_listen() verified and kept, and asks again.
  if (self == nullptr) return 1;
  for (CookieMac& mac : self->cookies_) {
    if (mac.Verify(self->address_, {cookie, size})) return 1;
  }
  return 0;
}

}  // namespace dtls
