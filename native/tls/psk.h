#pragma once

#include <openssl/crypto.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace dtls {

// RFC 4279 section 5.3 asks for identities of up to 128 octets; longer ones are refused, never truncated.
constexpr size_t kMaxIdentitySize = 128;
// What lib/ promises; OpenSSL's callbacks take up to PSK_MAX_PSK_LEN, 512 in 3.0.
constexpr size_t kMaxKeySize = 256;

// A key that wipes the memory it leaves.
class SecretBytes {
 public:
  SecretBytes() = default;
  SecretBytes(const uint8_t* data, size_t size) : bytes_(data, data + size) {}
  SecretBytes(SecretBytes&& other) noexcept { bytes_.swap(other.bytes_); }
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    bytes_.swap(other.bytes_);
    return *this;
  }
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  const uint8_t* data() const { return bytes_.data(); }
  size_t size() const { return bytes_.size(); }

 private:
  std::vector<uint8_t> bytes_;
};

struct ClientPsk {
  std::string identity;
  SecretBytes key;
};

// The fixed keys of one context; they are asked first.
struct PskCredentials {
  std::optional<ClientPsk> client;
  std::unordered_map<std::string, SecretBytes> table;
};

}  // namespace dtls
