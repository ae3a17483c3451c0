#pragma once

#include <algorithm>
#include <cstdint>

#include "pair.h"

namespace dtls::fuzz {

using test::Bytes;

// What a fuzzer's input is read with, from its beginning to its end; behind that all is 0.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}

  bool empty() const { return at_ == end_; }
  uint8_t Byte() { return empty() ? 0 : *at_++; }
  uint16_t Word() {
    const uint8_t high = Byte();
    return static_cast<uint16_t>(high << 8 | Byte());
  }
  // Fewer at the end.
  Bytes Take(size_t size) {
    const uint8_t* begin = at_;
    at_ += std::min(size, static_cast<size_t>(end_ - at_));
    return Bytes(begin, at_);
  }
  // As many as the first byte, or word, says.
  Bytes Short() { return Take(Byte()); }
  Bytes Long() { return Take(Word()); }

 private:
  const uint8_t* at_;
  const uint8_t* const end_;
};

}  // namespace dtls::fuzz
