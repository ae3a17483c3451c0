#include "check.h"
#include "udp_support.h"

namespace dtls::test {

namespace {

// The loopback interface carries 65,536 bytes, an IPv4 packet at most 65,535, of which 28 or 48 are headers.
constexpr size_t kIpv4 = 65507;
constexpr size_t kIpv6 = 65488;

size_t MaxDatagramSizeTo(const SocketAddress& peer, const SocketAddress& local) {
  Station station({}, local);
  return station.socket.MaxDatagramSize(station.Know(peer));
}

}  // namespace

TEST("a socket of many peers knows what the path to each carries") {
  CHECK_EQ(MaxDatagramSizeTo(Loopback(AF_INET, 9), Loopback()), kIpv4);
}

TEST("an IPv6 socket knows what the path to a peer of either family carries") {
  SKIP_UNLESS(HasIpv6(), "IPv6");
  const SocketAddress any = AddressOf("::", 0);
  CHECK_EQ(MaxDatagramSizeTo(Loopback(AF_INET6, 9), any), kIpv6);
  CHECK_EQ(MaxDatagramSizeTo(AddressOf("::ffff:127.0.0.1", 9), any), kIpv4);
}

TEST("a connected socket knows what its path carries") {
  for (const int family : {AF_INET, AF_INET6}) {
    if (family == AF_INET6) SKIP_UNLESS(HasIpv6(), "IPv6");
    UdpSocket socket;
    CHECK_EQ(socket.Open(family, {}), 0);
    CHECK_EQ(socket.Connect(Loopback(family, 9)), 0);
    CHECK_EQ(socket.MaxDatagramSize(0), family == AF_INET6 ? kIpv6 : kIpv4);
  }
}

TEST("of somebody who is no peer, or cannot be reached, nothing is known") {
  Station station;
  for (const int32_t peer : {-1, 0, 7}) CHECK_EQ(station.socket.MaxDatagramSize(peer), 0u);
  // Nobody may connect to it who has not asked for broadcasts.
  CHECK_EQ(station.socket.MaxDatagramSize(station.Know(AddressOf("255.255.255.255", 9))), 0u);
}

}  // namespace dtls::test
