#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tls/connection.h"
#include "tls/cookie_mac.h"

namespace dtls {

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
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Cookies are made with the first key; those made with any of them are accepted. The caller derives them from its
  // secrets and the time window.
  void SetCookieKeys(const std::vector<CookieKey>& keys);

  // `address` is the sender's address and port in any fixed form.
  Result Accept(const uint8_t* datagram, size_t size, const uint8_t* address, size_t address_size);

  size_t Take(uint8_t* into, size_t capacity) {
    return candidate_ == nullptr ? 0 : candidate_->Take(into, capacity);
  }

  // The verified connection, to be started; nullptr unless Accept() has just returned kVerified. Without it, the next
  // Accept() begins anew.
  std::unique_ptr<Connection> Promote();

  // Installs the cookie callbacks on a server's context.
  static void InstallCallbacks(SSL_CTX* ctx);

 private:
  static int OnGenerateCookie(SSL* ssl, unsigned char* cookie, unsigned int* size);
  static int OnVerifyCookie(SSL* ssl, const unsigned char* cookie, unsigned int size);

  std::shared_ptr<TlsContext> context_;
  const ConnectionOptions options_;
  std::unique_ptr<Connection> candidate_;
  std::vector<CookieMac> cookies_;
  // Of DTLSv1_listen(), which wants to say where a datagram came from; our BIO does not know.
  const BioAddrPointer unused_{BIO_ADDR_new()};
  // Of the record that was verified.
  uint64_t hello_number_ = 0;
  // Borrowed for the length of Accept().
  ByteView address_;
};

}  // namespace dtls
