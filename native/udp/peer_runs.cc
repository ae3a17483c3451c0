#include "udp/peer_runs.h"

#include <algorithm>

namespace dtls {

namespace {

constexpr size_t kNeighbours = 64;

// Which peers there are among neighbours, and whose each datagram is.
struct Peers {
  int32_t numbers[kNeighbours];
  size_t count = 0;
  size_t of[kNeighbours];
  bool are_together = true;

  Peers(const Outgoing* outgoing, size_t datagrams) {
    for (size_t i = 0; i < datagrams; ++i) {
      const int32_t* found = std::find(numbers, numbers + count, outgoing[i].peer);
      of[i] = static_cast<size_t>(found - numbers);
      if (of[i] == count) numbers[count++] = outgoing[i].peer;
      if (of[i] + 1 != count) are_together = false;
    }
  }
};

size_t TotalOf(const Outgoing* outgoing, size_t count) {
  size_t total = 0;
  for (size_t i = 0; i < count; ++i) total += static_cast<size_t>(outgoing[i].size);
  return total;
}

}  // namespace

void PeerRuns::Gather(uint8_t* bytes, Outgoing* outgoing, size_t count) {
  for (size_t done = 0; done < count; done += kNeighbours) {
    const size_t neighbours = std::min(kNeighbours, count - done);
    GatherNeighbours(bytes, outgoing + done, neighbours);
    bytes += TotalOf(outgoing + done, neighbours);
  }
}

void PeerRuns::GatherNeighbours(uint8_t* bytes, Outgoing* outgoing, size_t count) {
  const Peers peers(outgoing, count);
  if (peers.are_together) return;
  Outgoing moved[kNeighbours];
  size_t next = 0;
  moved_bytes_.clear();
  for (size_t peer = 0; peer < peers.count; ++peer) {
    const uint8_t* at = bytes;
    for (size_t i = 0; i < count; at += outgoing[i++].size) {
      if (peers.of[i] != peer) continue;
      moved[next++] = outgoing[i];
      moved_bytes_.insert(moved_bytes_.end(), at, at + outgoing[i].size);
    }
  }
  std::copy(moved, moved + count, outgoing);
  std::copy(moved_bytes_.begin(), moved_bytes_.end(), bytes);
}

}  // namespace dtls
