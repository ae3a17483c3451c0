#pragma once

#include <array>
#include <optional>

#include "pair.h"

namespace dtls::fuzz {

using test::Bytes;

// The record protection of one direction (RFC 5288, AES-128-GCM), with the keys of a connection: for records that
// authenticate and that OpenSSL would not make.
class Sealer {
 public:
  // Of a connection in or after its key exchange, for records of its client, or its server; nothing before, and for
  // other suites.
  static std::optional<Sealer> Of(const Connection& connection, test::Side from);

  // A record of epoch 1.
  Bytes Seal(uint8_t type, uint64_t number, const Bytes& plaintext) const;
  // The plaintext of a record; nothing when it does not authenticate.
  std::optional<Bytes> Open(const Bytes& record) const;

 private:
  static constexpr size_t kKeySize = 16;
  static constexpr size_t kSaltSize = 4;

  std::array<uint8_t, kKeySize> key_;
  std::array<uint8_t, kSaltSize> salt_;
};

}  // namespace dtls::fuzz
