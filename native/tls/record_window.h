#pragma once

#include <cstdint>

namespace dtls {

// Which numbers of epoch 1 have authenticated, as far back as OpenSSL's own window (RFC 6347 section 4.1.2.6), which it
// shows to nobody: tells a repeated record from a forged one, and a newer one from both.
class RecordWindow {
 public:
  void Add(uint64_t number) {
    if (number > highest_) {
      const uint64_t step = number - highest_;
      seen_ = step < kSize ? seen_ << step : 0;
      highest_ = number;
    }
    if (highest_ - number < kSize) seen_ |= uint64_t{1} << (highest_ - number);
  }

  // A record of this number is repeated, or too old to tell.
  bool Covers(uint64_t number) const {
    if (number > highest_) return false;
    const uint64_t age = highest_ - number;
    return age >= kSize || (seen_ >> age & 1) != 0;
  }

  // The Finished has number 0 at least.
  uint64_t highest() const { return highest_; }

 private:
  static constexpr uint64_t kSize = 64;

  uint64_t highest_ = 0;
  uint64_t seen_ = 1;
};

}  // namespace dtls
