// What becomes of datagrams when the kernel does not take them.
#include <cerrno>

#include "check.h"
#include "udp_kernel.h"
#include "udp_support.h"

namespace dtls::test {

namespace {

using Numbers = std::vector<int>;
using Sizes = std::vector<size_t>;

// Refuses messages of this size, always.
std::function<int(const Sent&)> Refusing(size_t size, int error) {
  return [size, error](const Sent& message) { return message.size == size ? error : 0; };
}

}  // namespace

TEST("when the kernel's buffer is full, what it took is counted and nothing is wrong") {
  for (const UdpOptions& options : {WithoutGso(), WithoutMmsg()}) {
    Route route(options);
    Kernel kernel;
    kernel.on_message = Refusing(30, EAGAIN);
    CHECK_EQ(route.Send({10, 20, 30, 40}), 2u);
    CHECK(!route.from.socket.has_error());
    CHECK(SizesOf(route.to.Take(2)) == (Sizes{10, 20}));
    CHECK_EQ(route.to.Receive(), 0u);
  }
}

TEST("when the kernel's buffer is full at once, nothing was taken") {
  for (const int error : {EAGAIN, EWOULDBLOCK}) {
    Route route;
    Kernel kernel;
    kernel.on_call = [error](Call) { return error; };
    CHECK_EQ(route.Send({10, 20}), 0u);
    CHECK_EQ(route.Send({10}), 0u);
    CHECK(!route.from.socket.has_error());
  }
}

TEST("a run of segments is taken as a whole or not at all") {
  SKIP_UNLESS(HasGso(), "UDP_SEGMENT");
  Route route;
  Kernel kernel;
  kernel.on_message = Refusing(40, EAGAIN);
  CHECK_EQ(route.Send({50, 50, 20, 20, 20}), 3u);
  CHECK(SizesOf(route.to.Take(3)) == (Sizes{50, 50, 20}));
  CHECK_EQ(route.Send({20, 20}), 0u);
}

TEST("a send call that a signal interrupted is made again") {
  for (const Sizes& sizes : {Sizes{10}, Sizes{10, 20}}) {
    Route route;
    Kernel kernel;
    kernel.on_call = Once<Call>(EINTR);
    CHECK_EQ(route.Send(sizes), sizes.size());
    CHECK(!route.from.socket.has_error());
    CHECK(SizesOf(route.to.Take(sizes.size())) == sizes);
  }
}

TEST("without sendmmsg datagrams go one by one, and it is not asked for again") {
  Route route(WithoutGso());
  Kernel kernel;
  kernel.on_call = [](Call call) { return call == kSendmmsg ? ENOSYS : 0; };
  for (int round = 0; round < 2; ++round) {
    CHECK_EQ(route.Send({10, 20, 30}), 3u);
    CHECK(SizesOf(route.to.Take(3)) == (Sizes{10, 20, 30}));
  }
  CHECK_EQ(kernel.calls[kSendmmsg], 1);
  CHECK_EQ(kernel.calls[kSendmsg], 6);
  CHECK(!route.from.socket.has_mmsg());
  CHECK(!route.from.socket.has_error());
}

TEST("without sendmmsg a run still leaves as one message") {
  SKIP_UNLESS(HasGso(), "UDP_SEGMENT");
  Route route;
  Kernel kernel;
  kernel.on_call = [](Call call) { return call == kSendmmsg ? ENOSYS : 0; };
  CHECK_EQ(route.Send({10, 10, 30}), 3u);
  CHECK(kernel.sent == (std::vector<Sent>{{20, 10}, {30, 0}}));
}

TEST("a device that cannot segment (EIO) ends segmentation for good, and no datagram is lost") {
  SKIP_UNLESS(HasGso(), "UDP_SEGMENT");
  Route route;
  Kernel kernel;
  kernel.on_message = [](const Sent& message) { return message.segment_size > 0 ? EIO : 0; };
  CHECK(route.from.socket.has_gso());
  CHECK_EQ(route.Send({50, 50, 20, 20}), 4u);
  CHECK(!route.from.socket.has_gso());
  CHECK_EQ(route.Send({50, 50, 20, 20}), 4u);
  CHECK_EQ(kernel.sent.size(), 8u);
  CHECK(!route.from.socket.has_error());
  const std::vector<Datagram> datagrams = route.to.Take(8);
  CHECK(SizesOf(datagrams) == (Sizes{50, 50, 20, 20, 50, 50, 20, 20}));
  CHECK(NumbersOf(datagrams) == (Numbers{0, 1, 2, 3, 0, 1, 2, 3}));
}

TEST("a run whose segments exceed the MTU of their way goes one by one, and others go on as runs") {
  SKIP_UNLESS(HasGso(), "UDP_SEGMENT");
  for (const int error : {EINVAL, EMSGSIZE}) {
    Route route;
    Kernel kernel;
    kernel.on_message = [error](const Sent& message) { return message.segment_size == 50 ? error : 0; };
    const Sizes sizes = {10, 10, 50, 50, 20, 20, 20, 10};
    CHECK_EQ(route.Send(sizes), 8u);
    CHECK(kernel.sent == (std::vector<Sent>{{20, 10}, {50, 0}, {50, 0}, {20, 0}, {50, 20}}));
    CHECK(route.from.socket.has_gso());
    CHECK(!route.from.socket.has_error());
    const std::vector<Datagram> datagrams = route.to.Take(8);
    CHECK(NumbersOf(datagrams) == (Numbers{0, 1, 2, 3, 4, 5, 6, 7}));
    CHECK(SizesOf(datagrams) == sizes);
  }
}

TEST("a datagram that goes alone and is refused is lost, the error told, and the rest goes on") {
  for (const int error : {ENOBUFS, EPERM, EINVAL, EMSGSIZE, EIO}) {
    for (const UdpOptions& options : {UdpOptions(), WithoutMmsg()}) {
      Route route(options);
      Kernel kernel;
      const bool had_gso = route.from.socket.has_gso();
      kernel.on_message = Refusing(30, error);
      CHECK_EQ(route.Send({10, 20, 30, 40, 41}), 5u);
      CHECK(route.from.socket.has_error());
      CHECK_EQ(route.from.socket.TakeError(), error);
      CHECK_EQ(route.from.socket.error_peer(), route.peer);
      CHECK_EQ(route.from.socket.TakeError(), 0);
      CHECK(NumbersOf(route.to.Take(4)) == (Numbers{0, 1, 3, 4}));
      CHECK_EQ(route.from.socket.has_gso(), had_gso);
    }
  }
}

TEST("a run that is refused for want of memory is lost, and the rest goes on") {
  SKIP_UNLESS(HasGso(), "UDP_SEGMENT");
  Route route;
  Kernel kernel;
  kernel.on_message = Refusing(120, ENOBUFS);
  CHECK_EQ(route.Send({50, 50, 20, 20}), 4u);
  CHECK_EQ(route.from.socket.TakeError(), ENOBUFS);
  CHECK(route.from.socket.has_gso());
  CHECK(NumbersOf(route.to.Take(1)) == Numbers{3});
}

TEST("datagrams that are all refused are all done with") {
  Route route(WithoutGso());
  Kernel kernel;
  kernel.on_message = [](const Sent&) { return EPERM; };
  CHECK_EQ(route.Send(Sizes(100, 10)), 100u);
  CHECK_EQ(route.from.socket.TakeError(), EPERM);
}

TEST("a datagram that meets the ICMP message of an earlier one is not lost") {
  for (const UdpOptions& options : {UdpOptions(), WithoutMmsg()}) {
    for (const Sizes& sizes : {Sizes{10}, Sizes{10, 20, 30}, Sizes{10, 10, 10}}) {
      RefusingPort port;
      Station station(options);
      CHECK_EQ(station.socket.Connect(port.address()), 0);
      CHECK_EQ(station.Send({{0, Numbered(1, 5)}}), 1u);
      station.Wait(0);
      port.OpenTo(station.address());
      std::vector<Datagram> datagrams;
      for (const size_t size : sizes) datagrams.push_back({0, Numbered(2, size)});
      CHECK_EQ(station.Send(datagrams), sizes.size());
      CHECK_EQ(station.socket.TakeError(), ECONNREFUSED);
      for (const size_t size : sizes) CHECK(port.Take() == Numbered(2, size));
    }
  }
}

}  // namespace dtls::test
