#include "check.h"
#include "udp/peer_index.h"
#include "udp/socket_address.h"
#include "udp_support.h"

namespace dtls::test {

TEST("an IPv4 address is read and written back") {
  const SocketAddress address = AddressOf("192.0.2.7", 5684);
  CHECK_EQ(address.family(), AF_INET);
  CHECK_EQ(address.ip(), "192.0.2.7");
  CHECK_EQ(address.port(), 5684);
  CHECK_EQ(address.size(), sizeof(sockaddr_in));
}

TEST("an IPv6 address is read and written back in its shortest form") {
  const SocketAddress address = AddressOf("2001:db8:0:0:0:0:0:7", 65535);
  CHECK_EQ(address.family(), AF_INET6);
  CHECK_EQ(address.ip(), "2001:db8::7");
  CHECK_EQ(address.port(), 65535);
  CHECK_EQ(address.size(), sizeof(sockaddr_in6));
  CHECK_EQ(AddressOf("::ffff:192.0.2.7", 1).ip(), "::ffff:192.0.2.7");
}

TEST("a link-local address keeps its interface") {
  const SocketAddress address = AddressOf("fe80::1%lo", 1);
  CHECK_EQ(address.ip(), "fe80::1%lo");
  CHECK(!(address == AddressOf("fe80::1", 1)));
  CHECK_EQ(AddressOf("fe80::1%nosuch", 1).ip(), "fe80::1");
}

TEST("what is no literal address is refused") {
  SocketAddress address;
  for (const char* text : {"", "localhost", "1.2.3", "256.0.0.1", "1.2.3.4 ", "::g", "[::1]", "%lo", "127.0.0.1%lo"}) {
    if (!CHECK(!SocketAddress::Parse(text, 1, &address))) std::cout << text << '\n';
  }
}

TEST("addresses are equal when family, address and port are") {
  const char* ips[] = {"192.0.2.7", "192.0.2.8", "::1", "::2", "::ffff:192.0.2.7", "fe80::1%lo"};
  for (const char* one : ips) {
    for (const char* other : ips) CHECK_EQ(AddressOf(one, 7) == AddressOf(other, 7), one == other);
    CHECK(!(AddressOf(one, 7) == AddressOf(one, 8)));
    CHECK_EQ(AddressOf(one, 7).Hash(1), AddressOf(one, 7).Hash(1));
    CHECK(AddressOf(one, 7).Hash(1) != AddressOf(one, 8).Hash(1));
    CHECK(AddressOf(one, 7).Hash(1) != AddressOf(one, 7).Hash(2));
  }
}

TEST("an address as the kernel writes it equals the literal one") {
  Station station;
  CHECK(station.address() == AddressOf("127.0.0.1", station.address().port()));
  SKIP_UNLESS(HasIpv6(), "IPv6");
  Station six({}, AF_INET6);
  CHECK(six.address() == AddressOf("::1", six.address().port()));
}

TEST("peers get the numbers 0, 1, 2 and keep them") {
  PeerIndex peers;
  const char* ips[] = {"192.0.2.1", "::1", "192.0.2.2"};
  for (int round = 0; round < 2; ++round) {
    for (int32_t i = 0; i < 3; ++i) CHECK_EQ(peers.Intern(AddressOf(ips[i], 7)), i);
  }
  for (int32_t i = 0; i < 3; ++i) {
    CHECK_EQ(peers.Find(AddressOf(ips[i], 7)), i);
    REQUIRE(peers.AddressOf(i) != nullptr);
    CHECK(*peers.AddressOf(i) == AddressOf(ips[i], 7));
  }
}

TEST("nobody is a peer who was not asked for") {
  PeerIndex peers;
  CHECK_EQ(peers.Find(AddressOf("192.0.2.1", 7)), PeerIndex::kStranger);
  peers.Intern(AddressOf("192.0.2.1", 7));
  CHECK_EQ(peers.Find(AddressOf("192.0.2.1", 8)), PeerIndex::kStranger);
  CHECK_EQ(peers.Find(AddressOf("::ffff:192.0.2.1", 7)), PeerIndex::kStranger);
  for (const int32_t number : {-1, 1, INT32_MAX, INT32_MIN}) CHECK(peers.AddressOf(number) == nullptr);
}

TEST("the number of a forgotten peer goes to the next one") {
  PeerIndex peers;
  for (uint16_t port = 0; port < 3; ++port) peers.Intern(AddressOf("192.0.2.1", port));
  peers.Forget(1);
  CHECK_EQ(peers.Find(AddressOf("192.0.2.1", 1)), PeerIndex::kStranger);
  CHECK_EQ(peers.Intern(AddressOf("::1", 9)), 1);
  CHECK(*peers.AddressOf(1) == AddressOf("::1", 9));
  CHECK_EQ(peers.Intern(AddressOf("192.0.2.1", 1)), 3);
}

TEST("a number that is forgotten twice goes to one peer only") {
  PeerIndex peers;
  peers.Intern(AddressOf("192.0.2.1", 0));
  for (const int32_t number : {0, 0, -1, 1, INT32_MAX}) peers.Forget(number);
  CHECK_EQ(peers.Intern(AddressOf("192.0.2.1", 1)), 0);
  CHECK_EQ(peers.Intern(AddressOf("192.0.2.1", 2)), 1);
}

TEST("forgetting a number that a peer had before it came back leaves the peer alone") {
  PeerIndex peers;
  const SocketAddress back = AddressOf("192.0.2.1", 0);
  peers.Intern(back);
  peers.Intern(AddressOf("192.0.2.1", 1));
  peers.Forget(0);
  peers.Forget(1);
  CHECK_EQ(peers.Intern(back), 1);
  peers.Forget(0);
  CHECK_EQ(peers.Find(back), 1);
}

TEST("thousands of peers that come and go are told apart") {
  PeerIndex peers;
  const auto nth = [](uint16_t n) { return AddressOf(n % 2 == 0 ? "192.0.2.1" : "2001:db8::1", n); };
  for (uint16_t n = 0; n < 10'000; ++n) peers.Intern(nth(n));
  for (uint16_t n = 0; n < 10'000; n += 3) peers.Forget(peers.Find(nth(n)));
  for (uint16_t n = 10'000; n < 12'000; ++n) CHECK(peers.Intern(nth(n)) < 10'000);
  for (uint16_t n = 0; n < 12'000; ++n) {
    const int32_t number = peers.Find(nth(n));
    if (n < 10'000 && n % 3 == 0) {
      CHECK_EQ(number, PeerIndex::kStranger);
    } else {
      CHECK(*peers.AddressOf(number) == nth(n));
    }
  }
}

}  // namespace dtls::test
