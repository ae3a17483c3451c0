#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dtls {

// One datagram to send; they follow one another in memory. As the Int32Array of UdpSocket.send in binding.d.ts.
struct Outgoing {
  int32_t peer;
  int32_t size;
};

// Brings datagrams of one peer together that others lie between, so that they can leave as one message (UDP_SEGMENT):
// a server that tells each of its peers the same few things would otherwise send them one by one.
class PeerRuns {
 public:
  // Moves the bytes, which lie one after the other, and the entries alike, among 64 neighbours at a time. A peer's
  // datagrams keep their order; the peers come in the order of their first ones.
  void Gather(uint8_t* bytes, Outgoing* outgoing, size_t count);

 private:
  void GatherNeighbours(uint8_t* bytes, Outgoing* outgoing, size_t count);

  // Between two calls only memory that the next need not ask for.
  std::vector<uint8_t> moved_bytes_;
};

}  // namespace dtls
