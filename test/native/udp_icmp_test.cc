// ICMP messages on sockets of many peers (IP_RECVERR): whom they concern.
#include <cerrno>

#include "check.h"
#include "udp_kernel.h"
#include "udp_support.h"

namespace dtls::test {

namespace {

UdpOptions Reporting() {
  UdpOptions options;
  options.report_icmp = true;
  return options;
}

// An errno and the number of the peer.
using Errors = std::vector<std::pair<int, int32_t>>;

// Waits for so many errors, and that there is none beside them.
Errors TakeErrors(Station& station, size_t count) {
  Errors errors;
  while (errors.size() < count && Failures() == 0) {
    station.Wait(0);
    for (int error = station.socket.TakeError(); error != 0; error = station.socket.TakeError()) {
      errors.emplace_back(error, station.socket.error_peer());
    }
  }
  return errors;
}

// A peer that listens, one that refuses, and a socket that knows both and itself is bound to `local`.
void CheckRefusal(const SocketAddress& local, int peer_family) {
  Station good({}, peer_family), station(Reporting(), local);
  RefusingPort bad(peer_family);
  const auto as_seen = [&local](const SocketAddress& peer) {
    if (local.family() == peer.family()) return peer;
    return AddressOf(("::ffff:" + peer.ip()).c_str(), peer.port());
  };
  const int32_t good_number = station.Know(as_seen(good.address()));
  const int32_t bad_number = station.Know(as_seen(bad.address()));
  CHECK_EQ(station.Send({{good_number, Numbered(1, 10)}, {bad_number, Numbered(2, 10)}}), 2u);
  station.Wait(0);
  CHECK_EQ(station.Receive(), 0u);
  CHECK(station.socket.has_error());
  CHECK(TakeErrors(station, 1) == (Errors{{ECONNREFUSED, bad_number}}));
  CHECK_EQ(station.Receive(), 0u);
  CHECK(!station.socket.has_error());
  CHECK(NumbersOf(good.Take(1)) == std::vector<int>{1});
}

}  // namespace

TEST("a refusal names its peer on an IPv4 socket") { CheckRefusal(Loopback(), AF_INET); }

TEST("a refusal names its peer on an IPv6 socket") {
  SKIP_UNLESS(HasIpv6(), "IPv6");
  CheckRefusal(Loopback(AF_INET6), AF_INET6);
}

TEST("a refusal names its peer of either family on a dual-stack socket") {
  SKIP_UNLESS(HasIpv6(), "IPv6");
  CheckRefusal(AddressOf("::", 0), AF_INET6);
  CheckRefusal(AddressOf("::", 0), AF_INET);
}

TEST("several refusals are told one after the other, each with its peer") {
  Station station(Reporting());
  std::array<RefusingPort, 3> ports;
  Errors expected;
  for (const RefusingPort& port : ports) {
    const int32_t peer = station.Know(port.address());
    CHECK_EQ(station.Send({{peer, Numbered(1, 10)}}), 1u);
    expected.emplace_back(ECONNREFUSED, peer);
  }
  CHECK(TakeErrors(station, 3) == expected);
}

TEST("a refusal by somebody who is no peer concerns nobody") {
  Station station(Reporting());
  RefusingPort port;
  const Bytes bytes = Numbered(1, 10);
  CHECK_EQ(station.socket.SendTo(bytes.data(), bytes.size(), port.address()), 0);
  CHECK(TakeErrors(station, 1) == (Errors{{ECONNREFUSED, PeerIndex::kStranger}}));
}

TEST("datagrams to others that meet a refusal are not lost, and it is told with its peer") {
  for (const bool use_mmsg : {true, false}) {
    UdpOptions options = Reporting();
    options.use_mmsg = use_mmsg;
    Station station(options), good;
    RefusingPort port;
    const int32_t bad_number = station.Know(port.address());
    const int32_t good_number = station.Know(good.address());
    CHECK_EQ(station.Send({{bad_number, Numbered(1, 10)}}), 1u);
    station.Wait(0);
    CHECK_EQ(station.Send({{good_number, Numbered(2, 10)}, {good_number, Numbered(3, 20)}}), 2u);
    CHECK(station.socket.has_error());
    CHECK(TakeErrors(station, 1) == (Errors{{ECONNREFUSED, bad_number}}));
    CHECK(!station.socket.has_error());
    CHECK(NumbersOf(good.Take(2)) == (std::vector<int>{2, 3}));
  }
}

TEST("an error of another kind is told beside the refusals that wait") {
  Station station(Reporting());
  RefusingPort port;
  const int32_t peer = station.Know(port.address());
  station.Send({{peer, Numbered(1, 10)}});
  station.Wait(0);
  Kernel kernel;
  kernel.on_message = [](const Sent&) { return ENOBUFS; };
  CHECK_EQ(station.Send({{peer, Numbered(2, 10)}}), 1u);
  CHECK(TakeErrors(station, 2) == (Errors{{ENOBUFS, peer}, {ECONNREFUSED, peer}}));
}

TEST("a socket of many peers that was not asked to tells no refusal") {
  Station station;
  RefusingPort port;
  station.Send({{station.Know(port.address()), Numbered(1, 10)}});
  // What the station itself receives comes behind the ICMP message.
  station.Send({{station.Know(station.address()), Numbered(2, 10)}});
  CHECK_EQ(station.Take(1).size(), 1u);
  CHECK_EQ(station.Receive(), 0u);
  CHECK_EQ(station.socket.TakeError(), 0);
}

}  // namespace dtls::test
