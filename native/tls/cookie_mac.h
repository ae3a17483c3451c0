#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tls/openssl_handles.h"

namespace dtls {

// HMAC-SHA256 output; also the longest cookie that every client stack takes.
constexpr size_t kCookieSize = 32;
constexpr size_t kCookieKeySize = 32;
using CookieKey = std::array<uint8_t, kCookieKeySize>;

// Makes the cookies of one key. The key is set once: to look an algorithm up and to schedule a key costs more than the
// HMAC of an address. OpenSSL wipes the key with the context.
class CookieMac {
 public:
  explicit CookieMac(const CookieKey& key);

  // Writes kCookieSize bytes; false when OpenSSL could not.
  bool Make(ByteView address, uint8_t* cookie);
  // In constant time.
  bool Verify(ByteView address, ByteView cookie);

 private:
  MacContextPointer context_;
};

}  // namespace dtls
