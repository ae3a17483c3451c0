#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "tls/connection.h"

namespace dtls {

// HMAC-SHA256 output; also the longest cookie that every client stack takes.
constexpr size_t kCookieSize = 32;
constexpr size_t kCookieKeySize = 32;
using CookieKey = std::array<uint8_t, kCookieKeySize>;

// The stateless half of a server's handshake (RFC 6347 section 4.2.1): answers a ClientHello without a cookie
// with a HelloVerifyRequest and keeps nothing; a ClientHello that returns its cookie becomes a Connection.
//
// One SSL serves any number of hellos: DTLSv1_listen() clears it each time.
class Acceptor {
 public:
  enum class Result : int32_t {
    // Not a ClientHello that can be answered.
    kIgnored = 0,
    // A HelloVerifyRequest waits in Take().
    kReply = 1,
    // The sender has proved its address: Promote() is next.
    kVerified = 2,
  };

  Acceptor(std::shared_ptr<TlsContext> context, const ConnectionOptions& options)
      : context_(std::move(context)), options_(options) {}
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Cookies are made with `current`; those made with `previous` are accepted too. The caller derives both from
  // its secret and the time window.
  void SetCookieKeys(const uint8_t* current, const uint8_t* previous);

  // `address` is the sender's address and port in any fixed form.
  Result Accept(const uint8_t* datagram, size_t size, const uint8_t* address, size_t address_size);

  size_t Take(uint8_t* into, size_t capacity) {
    return candidate_ == nullptr ? 0 : candidate_->Take(into, capacity);
  }

  // The verified connection, to be started; nullptr unless Accept() has just returned kVerified.
  std::unique_ptr<Connection> Promote();

  // Installs the cookie callbacks on a server's context.
  static void InstallCallbacks(SSL_CTX* ctx);

 private:
  static int OnGenerateCookie(SSL* ssl, unsigned char* cookie, unsigned int* size);
  static int OnVerifyCookie(SSL* ssl, const unsigned char* cookie, unsigned int size);

  bool MakeCookie(const CookieKey& key, uint8_t* cookie) const;

  std::shared_ptr<TlsContext> context_;
  const ConnectionOptions options_;
  std::unique_ptr<Connection> candidate_;
  CookieKey current_{};
  CookieKey previous_{};
  // Borrowed for the length of Accept().
  const uint8_t* address_ = nullptr;
  size_t address_size_ = 0;
};

}  // namespace dtls
