#pragma once

#include <cstdint>
#include <random>
#include <unordered_map>
#include <vector>

#include "udp/socket_address.h"

namespace dtls {

// Gives the peers of a socket small numbers, so that JavaScript finds one by an array index. Only peers that were
// asked for have a number: a stranger's datagram costs no memory.
class PeerIndex {
 public:
  static constexpr int32_t kStranger = -1;

  // The peer's number; the same when it has one already.
  int32_t Intern(const SocketAddress& address) {
    const auto [entry, is_new] = numbers_.emplace(address, 0);
    if (!is_new) return entry->second;
    if (free_.empty()) {
      entry->second = static_cast<int32_t>(addresses_.size());
      addresses_.push_back(address);
    } else {
      entry->second = free_.back();
      free_.pop_back();
      addresses_[entry->second] = address;
    }
    return entry->second;
  }

  void Forget(int32_t number) {
    const SocketAddress* address = AddressOf(number);
    const auto entry = address == nullptr ? numbers_.end() : numbers_.find(*address);
    if (entry == numbers_.end() || entry->second != number) return;
    numbers_.erase(entry);
    free_.push_back(number);
  }

  int32_t Find(const SocketAddress& address) const {
    const auto entry = numbers_.find(address);
    return entry == numbers_.end() ? kStranger : entry->second;
  }

  // nullptr for a number that was never given. Valid until the next Intern().
  const SocketAddress* AddressOf(int32_t number) const {
    const auto index = static_cast<size_t>(number);
    return index < addresses_.size() ? &addresses_[index] : nullptr;
  }

 private:
  // Seeded once a process, so that nobody can choose addresses that all fall into one bucket.
  struct Hasher {
    size_t operator()(const SocketAddress& address) const {
      static const uint64_t seed = std::random_device()();
      return address.Hash(seed);
    }
  };

  std::unordered_map<SocketAddress, int32_t, Hasher> numbers_;
  std::vector<SocketAddress> addresses_;
  std::vector<int32_t> free_;
};

}  // namespace dtls
