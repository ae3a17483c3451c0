#include <netinet/udp.h>

#include <cerrno>

#include "check.h"
#include "udp_kernel.h"
#include "udp_support.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace dtls::test {

namespace {

using Numbers = std::vector<int>;
using Sizes = std::vector<size_t>;

// Makes the receiver ask for UDP_GRO, which it does when much comes at a time.
void Crowd(Route& route) {
  Kernel kernel;
  kernel.awaited = 8;
  route.Send(Sizes(8, 1));
  CHECK_EQ(route.to.Receive(8), 8u);
}

bool IsGro(int level, int name) { return level == SOL_UDP && name == UDP_GRO; }

// Waits until the ICMP message for a datagram that nobody received has come.
void AwaitRefusal(const Station& station) { station.Wait(0); }

}  // namespace

TEST("datagrams of many senders come in one call, each with its place, its size and its sender's number") {
  Station to, one, other, stranger;
  const int32_t numbers[] = {to.Know(one.address()), to.Know(other.address()), PeerIndex::kStranger};
  Station* const senders[] = {&one, &other, &stranger};
  for (size_t i = 0; i < 6; ++i) {
    Station& sender = *senders[i % 3];
    CHECK_EQ(sender.Send({{sender.Know(to.address()), Numbered(static_cast<uint8_t>(i), 100 + i)}}), 1u);
  }
  Kernel kernel;
  kernel.awaited = 6;
  REQUIRE(to.Receive() == 6);
  CHECK_EQ(kernel.calls[kRecvmmsg], 1);
  for (size_t i = 0; i < 6; ++i) {
    CHECK_EQ(to.received[i].peer, numbers[i % 3]);
    CHECK_EQ(static_cast<size_t>(to.received[i].offset), i * UdpSocket::kSlotSize);
    CHECK_EQ(to.received[i].segment_size, 0);
    CHECK(to.BytesOf(i) == Numbered(static_cast<uint8_t>(i), 100 + i));
    CHECK(to.socket.SenderOf(i) == senders[i % 3]->address());
  }
}

TEST("when nothing waits, nothing is received and nothing is wrong") {
  Station station;
  CHECK_EQ(station.Receive(), 0u);
  CHECK(!station.socket.has_error());
  CHECK_EQ(station.socket.TakeError(), 0);
}

TEST("no more is read than there are slots, and the rest is next") {
  Route route;
  route.Send({10, 10, 10});
  Kernel kernel;
  kernel.awaited = 3;
  CHECK_EQ(route.to.Receive(2), 2u);
  CHECK(route.to.BytesOf(0) == Numbered(0, 10));
  CHECK(route.to.BytesOf(1) == Numbered(1, 10));
  kernel.awaited = 1;
  CHECK_EQ(route.to.Receive(2), 1u);
  CHECK(route.to.BytesOf(0) == Numbered(2, 10));
}

TEST("no more is read than the slab has slots, the last of which may be a part") {
  Route route;
  route.Send({100, 100, 100, 100});
  Kernel kernel;
  kernel.awaited = 4;
  Bytes slab(UdpSocket::kSlotSize + 100);
  Received* const received = route.to.received.data();
  REQUIRE(route.to.socket.Receive(slab.data(), slab.size(), received, UdpSocket::kSlots) == 2);
  CHECK_EQ(received[1].size, 100);
  CHECK_EQ(received[1].segment_size, 0);
  CHECK(Slice(slab, UdpSocket::kSlotSize, slab.size()) == Numbered(1, 100));
}

TEST("without any slot nothing is read") {
  for (const UdpOptions& options : {UdpOptions(), WithoutMmsg()}) {
    Route route({}, options);
    route.Send({10});
    Station& to = route.to;
    to.Wait();
    Bytes slab(10);
    CHECK_EQ(to.socket.Receive(slab.data(), slab.size(), to.received.data(), 0), 0u);
    CHECK_EQ(to.socket.Receive(nullptr, 0, to.received.data(), 1), 0u);
    CHECK_EQ(to.Take(1).size(), 1u);
  }
}

TEST("an empty datagram is one of size 0") {
  Route route;
  route.Send({3, 0, 3});
  CHECK(SizesOf(route.to.Take(3)) == (Sizes{3, 0, 3}));
}

TEST("a datagram larger than its slot is told as truncated, and the next is whole") {
  Route route;
  route.Send({11, 10});
  Station& to = route.to;
  Bytes slab(10);
  to.Wait();
  REQUIRE(to.socket.Receive(slab.data(), slab.size(), to.received.data(), 1) == 1);
  CHECK_EQ(to.received[0].segment_size, Received::kTruncated);
  CHECK_EQ(to.received[0].size, 10);
  to.Wait();
  REQUIRE(to.socket.Receive(slab.data(), slab.size(), to.received.data(), 1) == 1);
  CHECK_EQ(to.received[0].segment_size, 0);
  CHECK(slab == Numbered(1, 10));
}

TEST("the largest datagram of IPv4 fits a slot") {
  Route route;
  route.Send({65'507});
  const std::vector<Datagram> datagrams = route.to.Take(1);
  REQUIRE(datagrams.size() == 1);
  CHECK(datagrams[0].bytes == Numbered(0, 65'507));
}

TEST("a connected socket hears its peer, number 0, and nobody else") {
  Station peer, other, station;
  CHECK_EQ(station.socket.Connect(peer.address()), 0);
  CHECK_EQ(station.socket.peers().Find(peer.address()), 0);
  other.Send({{other.Know(station.address()), Numbered(1, 10)}});
  peer.Send({{peer.Know(station.address()), Numbered(2, 10)}});
  const std::vector<Datagram> datagrams = station.Take(1);
  CHECK(NumbersOf(datagrams) == Numbers{2});
  CHECK_EQ(datagrams.at(0).peer, 0);
  CHECK_EQ(station.Receive(), 0u);
}

TEST("a refusal is told once, by an errno, on a connected socket, which goes on") {
  for (const UdpOptions& options : {UdpOptions(), WithoutMmsg()}) {
    RefusingPort port;
    Station station(options);
    CHECK_EQ(station.socket.Connect(port.address()), 0);
    CHECK_EQ(station.Send({{0, Numbered(1, 10)}}), 1u);
    AwaitRefusal(station);
    CHECK_EQ(station.Receive(), 0u);
    CHECK(station.socket.has_error());
    CHECK_EQ(station.socket.TakeError(), ECONNREFUSED);
    CHECK_EQ(station.socket.error_peer(), 0);
    CHECK_EQ(station.socket.TakeError(), 0);
    CHECK_EQ(station.Receive(), 0u);
    CHECK(!station.socket.has_error());
    port.OpenTo(station.address());
    CHECK_EQ(station.Send({{0, Numbered(2, 10)}}), 1u);
    CHECK(port.Take() == Numbered(2, 10));
  }
}

TEST("a receive call that a signal interrupted is made again") {
  for (const Call call : {kRecvmmsg, kRecvmsg}) {
    Route route({}, call == kRecvmsg ? WithoutMmsg() : UdpOptions());
    route.Send({10});
    route.to.Wait();
    Kernel kernel;
    kernel.on_call = Once<Call>(EINTR);
    CHECK_EQ(route.to.Receive(1), 1u);
    CHECK_EQ(kernel.calls[call], 2);
    CHECK(!route.to.socket.has_error());
  }
}

TEST("without recvmmsg datagrams come one by one, and it is not asked for again") {
  Route route;
  route.Send({10, 10, 10});
  Station& to = route.to;
  Kernel kernel;
  kernel.on_call = [](Call call) { return call == kRecvmmsg ? ENOSYS : 0; };
  CHECK(to.socket.has_mmsg());
  const std::vector<Datagram> datagrams = to.Take(3);
  CHECK(NumbersOf(datagrams) == (Numbers{0, 1, 2}));
  CHECK(SizesOf(datagrams) == (Sizes{10, 10, 10}));
  CHECK_EQ(to.Receive(), 0u);
  CHECK(!to.socket.has_error());
  CHECK_EQ(kernel.calls[kRecvmmsg], 1);
  CHECK(!to.socket.has_mmsg());
}

TEST("without recvmmsg as many come at a time as there are slots, each with its place and its sender") {
  Route route({}, WithoutMmsg());
  Station& to = route.to;
  route.Send({10, 11, 12});
  std::vector<size_t> sizes;
  while (sizes.size() < 3 && Failures() == 0) {
    to.Wait();
    const size_t count = to.Receive(2);
    CHECK(count >= 1 && count <= 2);
    for (size_t i = 0; i < count; ++i) {
      CHECK_EQ(static_cast<size_t>(to.received[i].offset), i * UdpSocket::kSlotSize);
      CHECK(to.socket.SenderOf(i) == route.from.address());
      CHECK(to.BytesOf(i) == Numbered(static_cast<uint8_t>(sizes.size()), 10 + sizes.size()));
      sizes.push_back(static_cast<size_t>(to.received[i].size));
    }
  }
  CHECK(sizes == (Sizes{10, 11, 12}));
}

TEST("without recvmmsg an error behind datagrams is told after them") {
  Route route({}, WithoutMmsg());
  route.Send({10});
  route.to.Wait();
  Kernel kernel;
  kernel.on_call = [&kernel](Call) { return kernel.calls[kRecvmsg] == 2 ? ECONNREFUSED : 0; };
  CHECK_EQ(route.to.Receive(), 1u);
  CHECK_EQ(route.to.socket.TakeError(), ECONNREFUSED);
  CHECK_EQ(route.to.Receive(), 0u);
  CHECK_EQ(route.to.socket.TakeError(), 0);
}

TEST("without mmsg no such call is made, and truncated datagrams are told") {
  Route route(WithoutMmsg(), WithoutMmsg());
  Station& to = route.to;
  Kernel kernel;
  CHECK_EQ(route.Send({11, 12, 0}), 3u);
  Bytes slab(11);
  to.Wait();
  REQUIRE(to.socket.Receive(slab.data(), slab.size(), to.received.data(), 1) == 1);
  CHECK_EQ(to.received[0].segment_size, 0);
  to.Wait();
  REQUIRE(to.socket.Receive(slab.data(), slab.size(), to.received.data(), 1) == 1);
  CHECK_EQ(to.received[0].segment_size, Received::kTruncated);
  CHECK(SizesOf(to.Take(1)) == Sizes{0});
  CHECK_EQ(kernel.calls[kRecvmmsg] + kernel.calls[kSendmmsg], 0);
}

TEST("any other error of a receive call is told once") {
  Station station;
  Kernel kernel;
  kernel.on_call = Once<Call>(ENOMEM);
  CHECK_EQ(station.Receive(), 0u);
  CHECK_EQ(station.socket.TakeError(), ENOMEM);
  CHECK_EQ(station.socket.error_peer(), PeerIndex::kStranger);
  CHECK_EQ(station.socket.TakeError(), 0);
}

TEST("UDP_GRO is asked for when eight messages come at a time, not before") {
  Route route;
  bool is_asked_for = false;
  Kernel kernel;
  kernel.on_option = [&is_asked_for](int level, int name) {
    is_asked_for |= IsGro(level, name);
    return 0;
  };
  for (const size_t count : {7, 8}) {
    CHECK(!is_asked_for);
    route.Send(Sizes(count, 10));
    kernel.awaited = count;
    CHECK_EQ(route.to.Receive(), count);
  }
  CHECK(is_asked_for);
}

TEST("merged datagrams come as one message with the size of each, the last of which may be shorter") {
  Route route;
  Crowd(route);
  Station& to = route.to;
  SKIP_UNLESS(route.from.socket.has_gso() && to.socket.has_gro(), "UDP_SEGMENT or UDP_GRO");
  const int32_t number = to.Know(route.from.address());
  route.Send({100, 100, 40});
  to.Wait();
  REQUIRE(to.Receive() == 1);
  CHECK_EQ(to.received[0].peer, number);
  CHECK_EQ(to.received[0].segment_size, 100);
  CHECK(to.BytesOf(0) == Join({Numbered(0, 100), Numbered(1, 100), Numbered(2, 40)}));
  CHECK(to.socket.SenderOf(0) == route.from.address());
}

TEST("a single datagram is no merged one, UDP_GRO or not") {
  Route route;
  Crowd(route);
  Station& to = route.to;
  SKIP_UNLESS(to.socket.has_gro(), "UDP_GRO");
  route.Send({1400, 0});
  for (const int32_t size : {1400, 0}) {
    to.Wait();
    REQUIRE(to.Receive(1) == 1);
    CHECK_EQ(to.received[0].size, size);
    CHECK_EQ(to.received[0].segment_size, 0);
  }
}

TEST("merged datagrams are told as merged when they come one message at a time") {
  Route route;
  Crowd(route);
  Station& to = route.to;
  SKIP_UNLESS(route.from.socket.has_gso() && to.socket.has_gro(), "UDP_SEGMENT or UDP_GRO");
  Kernel kernel;
  kernel.on_call = [](Call call) { return call == kRecvmmsg ? ENOSYS : 0; };
  route.Send({100, 100, 100});
  to.Wait();
  REQUIRE(to.Receive() == 1);
  CHECK_EQ(to.received[0].segment_size, 100);
  CHECK_EQ(to.received[0].size, 300);
}

TEST("a kernel without UDP_GRO is asked for it once, and datagrams come as ever") {
  Route route;
  Station& to = route.to;
  int asked = 0;
  Kernel kernel;
  kernel.on_option = [&asked](int level, int name) {
    if (!IsGro(level, name)) return 0;
    ++asked;
    return ENOPROTOOPT;
  };
  kernel.awaited = 8;
  for (int round = 0; round < 2; ++round) {
    route.Send(Sizes(8, 10));
    REQUIRE(to.Receive(8) == 8);
    for (size_t i = 0; i < 8; ++i) CHECK(to.BytesOf(i) == Numbered(static_cast<uint8_t>(i), 10));
  }
  CHECK_EQ(asked, 1);
  CHECK(!to.socket.has_gro());
}

TEST("a socket that shall not use UDP_GRO never asks for it") {
  UdpOptions options;
  options.use_gro = false;
  Route route({}, options);
  Crowd(route);
  CHECK(!route.to.socket.has_gro());
  route.Send({100, 100, 100});
  CHECK(SizesOf(route.to.Take(3)) == (Sizes{100, 100, 100}));
}

}  // namespace dtls::test
