#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tls/records.h"

namespace dtls {

// The records of a datagram that may reach OpenSSL, in order. Borrows the datagram where it can, and copies only
// what follows an unwanted record.
class Screen {
 public:
  Screen(const uint8_t* datagram, size_t size, const RecordBounds& bounds) : data_(datagram) {
    bool has_gap = false;
    size_t at = 0;
    while (const size_t record = WholeRecordSize(datagram + at, size - at)) {
      const uint8_t* header = datagram + at;
      at += record;
      if (!IsWantedUntrusted(header, record, bounds)) {
        has_gap = true;
        continue;
      }
      if (RecordEpoch(header) == 1) ++ciphertexts_;
      if (has_gap) {
        Append(header, record);
      } else {
        size_ += record;
      }
    }
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  const uint8_t* data() const { return copied_.empty() ? data_ : copied_.data(); }
  size_t size() const { return copied_.empty() ? size_ : copied_.size(); }
  // How many records of epoch 1 there are.
  size_t ciphertexts() const { return ciphertexts_; }

 private:
  void Append(const uint8_t* record, size_t size) {
    if (copied_.empty()) copied_.assign(data_, data_ + size_);
    copied_.insert(copied_.end(), record, record + size);
  }

  const uint8_t* data_;
  size_t size_ = 0;
  size_t ciphertexts_ = 0;
  std::vector<uint8_t> copied_;
};

}  // namespace dtls
