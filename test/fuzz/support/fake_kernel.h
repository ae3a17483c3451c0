#pragma once

#include <netinet/in.h>

#include <optional>
#include <vector>

#include "input.h"
#include "udp/udp_socket.h"

namespace dtls::fuzz {

// A datagram as it lay in the kernel.
struct Packet {
  SocketAddress address;
  Bytes bytes;
};

// What one entry of UdpSocket::Receive() must tell.
struct Handed {
  SocketAddress sender;
  size_t size;
  size_t segment_size;
  bool is_truncated;
};

// Answers the system calls of a UdpSocket (CMakeLists.txt, --wrap) as an input says, within what Linux may do; without
// one it takes what it gets and has nothing to give.
class FakeKernel {
 public:
  FakeKernel();
  ~FakeKernel();
  FakeKernel(const FakeKernel&) = delete;
  FakeKernel& operator=(const FakeKernel&) = delete;

  // Borrowed. What the kernel answers is read from here.
  Input* input = nullptr;

  // What has left, segments taken apart.
  std::vector<Packet> sent;
  // How many messages it refused, and may have taken for lost.
  size_t refusals = 0;
  // What the last receive call handed over.
  std::vector<Handed> handed;
  // Whom the last entry of the error queue concerned, and its errno; nothing when the queue was empty.
  std::optional<std::pair<SocketAddress, int>> icmp;
  // Whom the socket is connected to.
  std::optional<SocketAddress> remote;
};

// One of a few, of both families, by a byte.
SocketAddress AddressBy(uint8_t choice);

}  // namespace dtls::fuzz
