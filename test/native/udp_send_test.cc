#include <cerrno>
#include <numeric>

#include "check.h"
#include "udp_kernel.h"
#include "udp_support.h"

namespace dtls::test {

namespace {

using Numbers = std::vector<int>;
using Sizes = std::vector<size_t>;

Numbers UpTo(int count) {
  Numbers numbers(static_cast<size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

}  // namespace

TEST("datagrams leave in order, each to its peer, with its bytes") {
  Station from, one, other;
  const int32_t peers[] = {from.Know(one.address()), from.Know(other.address())};
  std::vector<Datagram> datagrams;
  for (uint8_t i = 0; i < 20; ++i) datagrams.push_back({peers[i / 3 % 2], Numbered(i, 50u + i % 4)});
  CHECK_EQ(from.Send(datagrams), 20u);
  for (Station* station : {&one, &other}) {
    std::vector<Datagram> expected;
    for (const Datagram& each : datagrams) {
      if (each.peer == peers[station == &one ? 0 : 1]) expected.push_back(each);
    }
    const std::vector<Datagram> taken = station->Take(expected.size());
    CHECK(NumbersOf(taken) == NumbersOf(expected));
    for (size_t i = 0; i < taken.size(); ++i) CHECK(taken[i].bytes == expected[i].bytes);
  }
  CHECK(!from.socket.has_error());
}

TEST("nothing to send is nothing done") {
  Station station;
  CHECK_EQ(station.Send({}), 0u);
  CHECK(!station.socket.has_error());
}

TEST("neighbours of one size and one peer leave as one message, with a shorter last one") {
  SKIP_UNLESS(HasGso(), "UDP_SEGMENT");
  Route route;
  Kernel kernel;
  CHECK_EQ(route.Send({100, 100, 40, 40, 41}), 5u);
  CHECK(kernel.sent == (std::vector<Sent>{{240, 100}, {40, 0}, {41, 0}}));
  CHECK_EQ(kernel.calls[kSendmmsg], 1);
  const std::vector<Datagram> datagrams = route.to.Take(5);
  CHECK(NumbersOf(datagrams) == (Numbers{0, 1, 2, 3, 4}));
  CHECK(SizesOf(datagrams) == (Sizes{100, 100, 40, 40, 41}));
}

TEST("datagrams of two peers do not leave as one message, and those of one peer do, whatever lies between them") {
  SKIP_UNLESS(HasGso(), "UDP_SEGMENT");
  Station from, one, other;
  const int32_t peers[] = {from.Know(one.address()), from.Know(other.address())};
  Kernel kernel;
  CHECK_EQ(from.Send({{peers[0], Numbered(1, 50)}, {peers[1], Numbered(2, 50)}, {peers[0], Numbered(3, 50)}}), 3u);
  CHECK(kernel.sent == (std::vector<Sent>{{100, 50}, {50, 0}}));
  CHECK(NumbersOf(one.Take(2)) == (Numbers{1, 3}));
  CHECK(NumbersOf(other.Take(1)) == Numbers{2});
}

TEST("datagrams of two peers do not change places when they cannot leave as one message anyway") {
  Station from(WithoutGso()), one, other;
  const int32_t peers[] = {from.Know(one.address()), from.Know(other.address())};
  Kernel kernel;
  CHECK_EQ(from.Send({{peers[0], Numbered(1, 50)}, {peers[1], Numbered(2, 60)}, {peers[0], Numbered(3, 70)}}), 3u);
  CHECK(kernel.sent == (std::vector<Sent>{{50, 0}, {60, 0}, {70, 0}}));
}

TEST("an empty datagram leaves by itself, among others too") {
  SKIP_UNLESS(HasGso(), "UDP_SEGMENT");
  Route route;
  Kernel kernel;
  const Sizes sizes = {0, 50, 50, 0, 0, 50};
  CHECK_EQ(route.Send(sizes), 6u);
  CHECK(kernel.sent == (std::vector<Sent>{{0, 0}, {100, 50}, {0, 0}, {0, 0}, {50, 0}}));
  CHECK(SizesOf(route.to.Take(6)) == sizes);
}

TEST("one message holds 64 datagrams at most") {
  SKIP_UNLESS(HasGso(), "UDP_SEGMENT");
  Route route;
  Kernel kernel;
  CHECK_EQ(route.Send(Sizes(130, 10)), 130u);
  CHECK(kernel.sent == (std::vector<Sent>{{640, 10}, {640, 10}, {20, 10}}));
  CHECK(NumbersOf(route.to.Take(130)) == UpTo(130));
}

TEST("one message holds 65,507 bytes at most") {
  SKIP_UNLESS(HasGso(), "UDP_SEGMENT");
  Route route;
  Kernel kernel;
  const Sizes just_enough = {13'000, 13'000, 13'000, 13'000, 13'000, 507};
  const Sizes too_much = {13'000, 13'000, 13'000, 13'000, 13'000, 508};
  for (const Sizes& sizes : {just_enough, too_much}) {
    CHECK_EQ(route.Send(sizes), 6u);
    CHECK(SizesOf(route.to.Take(6)) == sizes);
  }
  CHECK(kernel.sent == (std::vector<Sent>{{65'507, 13'000}, {65'000, 13'000}, {508, 0}}));
}

TEST("more than 64 messages take more than one call") {
  Route route(WithoutGso());
  Kernel kernel;
  CHECK_EQ(route.Send(Sizes(130, 10)), 130u);
  CHECK_EQ(kernel.sent.size(), 130u);
  CHECK_EQ(kernel.calls[kSendmmsg], 3);
  CHECK(NumbersOf(route.to.Take(130)) == UpTo(130));
}

TEST("a single message goes without the array around it") {
  Route route;
  Kernel kernel;
  CHECK_EQ(route.Send({10}), 1u);
  CHECK_EQ(kernel.calls[kSendmsg], 1);
  CHECK_EQ(kernel.calls[kSendmmsg], 0);
}

TEST("a connected socket sends to its peer, whatever number a datagram has") {
  Station to, other, from;
  CHECK_EQ(from.socket.Connect(to.address()), 0);
  const int32_t number = from.Know(other.address());
  CHECK_EQ(from.Send({{0, Numbered(1, 10)}, {number, Numbered(2, 10)}, {7, Numbered(3, 20)}}), 3u);
  CHECK(NumbersOf(to.Take(3)) == (Numbers{1, 2, 3}));
}

TEST("a connected socket that is not bound gets an address of its own") {
  Station to;
  UdpSocket socket;
  CHECK_EQ(socket.Open(AF_INET, {}), 0);
  CHECK_EQ(socket.Connect(to.address()), 0);
  CHECK(socket.LocalAddress().port() != 0);
  CHECK_EQ(socket.LocalAddress().ip(), "127.0.0.1");
}

TEST("a datagram for a number that nobody has is lost, the error told, and the rest goes on") {
  Route route;
  const Bytes bytes = Numbered(0, 10);
  CHECK_EQ(route.from.Send({{route.peer, bytes}, {7, bytes}, {-1, bytes}, {route.peer, bytes}}), 4u);
  CHECK_EQ(route.from.socket.TakeError(), EDESTADDRREQ);
  CHECK_EQ(route.from.socket.TakeError(), 0);
  CHECK_EQ(route.to.Take(2).size(), 2u);
}

TEST("a datagram that exceeds UDP is lost, the error told, and the rest goes on") {
  for (const UdpOptions& options : {UdpOptions(), WithoutGso()}) {
    Route route(options);
    CHECK_EQ(route.Send({10, 65'508, 10}), 3u);
    CHECK_EQ(route.from.socket.TakeError(), EMSGSIZE);
    CHECK(NumbersOf(route.to.Take(2)) == (Numbers{0, 2}));
  }
}

TEST("one datagram may go to anybody, whom the socket then does not know") {
  Station from, to;
  const Bytes bytes = Numbered(1, 10);
  CHECK_EQ(from.socket.SendTo(bytes.data(), bytes.size(), to.address()), 0);
  CHECK(NumbersOf(to.Take(1)) == Numbers{1});
  CHECK_EQ(from.socket.peers().Find(to.address()), PeerIndex::kStranger);
}

TEST("what the kernel says to one datagram to anybody is returned") {
  Station from, to;
  const Bytes bytes = Numbered(1, 65'508);
  CHECK_EQ(from.socket.SendTo(bytes.data(), bytes.size(), to.address()), EMSGSIZE);
  CHECK(!from.socket.has_error());
}

}  // namespace dtls::test
