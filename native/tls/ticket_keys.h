#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <vector>

#include "tls/openssl_handles.h"

namespace dtls {

// As the `ticketKeys` of node:tls: 16 bytes of name, 16 for HMAC-SHA256, 16 for AES-128-CBC (RFC 5077 section 4).
constexpr size_t kTicketKeySize = 48;

// The keys that protect a server's session tickets: the first makes them, all read them.
class TicketKeys {
 public:
  TicketKeys() = default;
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  // Each of kTicketKeySize bytes.
  void Set(const std::vector<ByteView>& keys);

  // The answers of SSL_CTX_set_tlsext_ticket_key_evp_cb().
  int Encrypt(uint8_t* name, uint8_t* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) const;
  int Decrypt(const uint8_t* name, const uint8_t* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) const;

 private:
  using Key = std::array<uint8_t, kTicketKeySize>;

  void Wipe();

  std::vector<Key> keys_;
};

}  // namespace dtls
