#include "tls/acceptor.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstring>

#include "tls/screen.h"

namespace dtls {

Acceptor::~Acceptor() {
  OPENSSL_cleanse(current_.data(), current_.size());
  OPENSSL_cleanse(previous_.data(), previous_.size());
}

void Acceptor::SetCookieKeys(const uint8_t* current, const uint8_t* previous) {
  std::memcpy(current_.data(), current, current_.size());
  std::memcpy(previous_.data(), previous, previous_.size());
}

Acceptor::Result Acceptor::Accept(const uint8_t* datagram, size_t size, const uint8_t* address, size_t address_size) {
  const Screen screen(datagram, size, kNoCiphertext);
  if (screen.size() == 0) return Result::kIgnored;
  if (candidate_ == nullptr) {
    candidate_ = Connection::Create(context_, Role::kServer, options_);
    if (candidate_ == nullptr) return Result::kIgnored;
  }
  const BioAddrPointer unused(BIO_ADDR_new());
  if (unused == nullptr) return Result::kIgnored;

  ErrorScope errors;
  candidate_->acceptor = this;
  address_ = address;
  address_size_ = address_size;
  candidate_->channel().Clear();
  candidate_->channel().BeginInput(screen.data(), screen.size());
  const int result = DTLSv1_listen(candidate_->ssl(), unused.get());
  candidate_->channel().BeginInput(nullptr, 0);
  address_ = nullptr;
  address_size_ = 0;
  if (result == 1) {
    candidate_->acceptor = nullptr;
    candidate_->channel().NumberFrom(RecordNumber(screen.data()));
    return Result::kVerified;
  }
  return candidate_->channel().HasOutput() ? Result::kReply : Result::kIgnored;
}

std::unique_ptr<Connection> Acceptor::Promote() {
  if (candidate_ == nullptr || candidate_->acceptor != nullptr) return nullptr;
  return std::move(candidate_);
}

void Acceptor::InstallCallbacks(SSL_CTX* ctx) {
  SSL_CTX_set_cookie_generate_cb(ctx, OnGenerateCookie);
  SSL_CTX_set_cookie_verify_cb(ctx, OnVerifyCookie);
}

bool Acceptor::MakeCookie(const CookieKey& key, uint8_t* cookie) const {
  unsigned int size = 0;
  return HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), address_, address_size_, cookie, &size) !=
             nullptr &&
         size == kCookieSize;
}

int Acceptor::OnGenerateCookie(SSL* ssl, unsigned char* cookie, unsigned int* size) {
  const Acceptor* self = Connection::AcceptorOf(ssl);
  *size = kCookieSize;
  return self != nullptr && self->MakeCookie(self->current_, cookie) ? 1 : 0;
}

int Acceptor::OnVerifyCookie(SSL* ssl, const unsigned char* cookie, unsigned int size) {
  const Acceptor* self = Connection::AcceptorOf(ssl);
  // Once promoted, the handshake parses the hello that DTLSv1_listen() verified and kept, and asks again.
  if (self == nullptr) return 1;
  if (size != kCookieSize) return 0;
  uint8_t expected[kCookieSize];
  for (const CookieKey* key : {&self->current_, &self->previous_}) {
    if (self->MakeCookie(*key, expected) && CRYPTO_memcmp(cookie, expected, kCookieSize) == 0) return 1;
  }
  return 0;
}

}  // namespace dtls
