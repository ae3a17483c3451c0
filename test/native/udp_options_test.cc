#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "check.h"
#include "udp_kernel.h"
#include "udp_support.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

namespace dtls::test {

namespace {

// Level and name.
using Option = std::pair<int, int>;

int OptionOf(const UdpSocket& socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  CHECK_EQ(getsockopt(socket.fd(), level, name, &value, &size), 0);
  return value;
}

// What the IP header of the next datagram had in a field that the kernel tells as a control message.
int HeaderField(const Station& station, int level, int type) {
  station.Wait();
  char byte;
  iovec piece = {&byte, sizeof(byte)};
  alignas(cmsghdr) char control[256];
  msghdr header = {};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  CHECK_EQ(recvmsg(station.socket.fd(), &header, 0), 1);
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != level || c->cmsg_type != type) continue;
    // The kernel writes a byte for IP_TOS and an int for the others.
    int value = 0;
    std::memcpy(&value, CMSG_DATA(c), type == IP_TOS && level == IPPROTO_IP ? 1 : sizeof(value));
    return value;
  }
  return -1;
}

void Ask(const Station& station, int level, int name) {
  const int on = 1;
  CHECK_EQ(setsockopt(station.socket.fd(), level, name, &on, sizeof(on)), 0);
}

// Receivers of both families that tell those fields.
struct Four {
  Four() {
    Ask(station, IPPROTO_IP, IP_RECVTTL);
    Ask(station, IPPROTO_IP, IP_RECVTOS);
  }
  Station station;
};

struct Six {
  Six() {
    Ask(station, IPPROTO_IPV6, IPV6_RECVHOPLIMIT);
    Ask(station, IPPROTO_IPV6, IPV6_RECVTCLASS);
  }
  Station station = Station({}, AF_INET6);
};

int FieldOf(const UdpOptions& options, const SocketAddress& from, const Station& to, int level, int type) {
  Station sender(options, from);
  const SocketAddress address = to.address();
  const bool is_mapped = from.family() != address.family();
  const std::string ip = (is_mapped ? "::ffff:" : "") + address.ip();
  sender.Send({{sender.Know(AddressOf(ip.c_str(), address.port())), Numbered(1, 1)}});
  return HeaderField(to, level, type);
}

int OpenOnly(const UdpOptions& options, int family = AF_INET) {
  UdpSocket socket;
  const int error = socket.Open(family, options);
  CHECK_EQ(socket.fd() < 0, error != 0);
  return error;
}

UdpOptions WithTtl(int ttl) {
  UdpOptions options;
  options.ttl = ttl;
  return options;
}

UdpOptions WithDscp(int dscp) {
  UdpOptions options;
  options.dscp = dscp;
  return options;
}

}  // namespace

TEST("a socket never blocks and is not handed to child processes") {
  Station station;
  CHECK((fcntl(station.socket.fd(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK((fcntl(station.socket.fd(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST("close releases the descriptor, may be called again, and so does the end of the object") {
  int fd;
  {
    Station station;
    fd = station.socket.fd();
    CHECK(fcntl(fd, F_GETFD) >= 0);
    station.socket.Close();
    CHECK_EQ(fcntl(fd, F_GETFD), -1);
    CHECK_EQ(station.socket.fd(), -1);
    station.socket.Close();
    Station next;
    fd = next.socket.fd();
  }
  CHECK_EQ(fcntl(fd, F_GETFD), -1);
}

TEST("what cannot be bound or connected is told by an errno") {
  Station station;
  UdpSocket socket;
  CHECK_EQ(socket.Open(AF_INET, {}), 0);
  CHECK_EQ(socket.Bind(station.address()), EADDRINUSE);
  CHECK_EQ(socket.Bind(AddressOf("192.0.2.1", 0)), EADDRNOTAVAIL);
  CHECK_EQ(socket.Bind(Loopback()), 0);
  CHECK_EQ(socket.Connect(AddressOf("255.255.255.255", 9)), EACCES);
  CHECK_EQ(socket.Connect(station.address()), 0);
}

TEST("two sockets share a port when both ask for it") {
  UdpOptions options;
  options.reuse_port = true;
  Station station(options);
  UdpSocket other, greedy;
  CHECK_EQ(other.Open(AF_INET, options), 0);
  CHECK_EQ(other.Bind(station.address()), 0);
  CHECK_EQ(greedy.Open(AF_INET, {}), 0);
  CHECK_EQ(greedy.Bind(station.address()), EADDRINUSE);
}

TEST("buffers have the size that was asked for") {
  UdpOptions options;
  options.receive_buffer = 300'000;
  options.send_buffer = 200'000;
  Station station(options);
  // Linux doubles it, for its own bookkeeping (socket(7)).
  CHECK_EQ(OptionOf(station.socket, SOL_SOCKET, SO_RCVBUF), 600'000);
  CHECK_EQ(OptionOf(station.socket, SOL_SOCKET, SO_SNDBUF), 400'000);
}

TEST("who may not exceed the system's limit gets what it allows") {
  Kernel kernel;
  kernel.on_option = [](int level, int name) {
    return level == SOL_SOCKET && (name == SO_RCVBUFFORCE || name == SO_SNDBUFFORCE) ? EPERM : 0;
  };
  UdpOptions options;
  options.receive_buffer = 100'000;
  options.send_buffer = 90'000;
  Station station(options);
  CHECK_EQ(OptionOf(station.socket, SOL_SOCKET, SO_RCVBUF), 200'000);
  CHECK_EQ(OptionOf(station.socket, SOL_SOCKET, SO_SNDBUF), 180'000);
}

TEST("an option that the kernel refuses is told by its errno, and the socket is closed") {
  UdpOptions all;
  all.reuse_port = true;
  all.receive_buffer = all.send_buffer = 100'000;
  all.ttl = 7;
  all.dscp = 46;
  all.report_icmp = true;
  const Option four[] = {{SOL_SOCKET, SO_REUSEPORT}, {SOL_SOCKET, SO_RCVBUF}, {SOL_SOCKET, SO_SNDBUF},
                         {IPPROTO_IP, IP_TTL},       {IPPROTO_IP, IP_TOS},    {IPPROTO_IP, IP_RECVERR}};
  const Option six[] = {{IPPROTO_IPV6, IPV6_V6ONLY},
                        {IPPROTO_IPV6, IPV6_UNICAST_HOPS},
                        {IPPROTO_IPV6, IPV6_TCLASS},
                        {IPPROTO_IPV6, IPV6_RECVERR}};
  Kernel kernel;
  Option refused;
  kernel.on_option = [&refused](int level, int name) {
    const bool is_forced = level == SOL_SOCKET && (name == SO_RCVBUFFORCE || name == SO_SNDBUFFORCE);
    return is_forced || refused == Option(level, name) ? EPERM : 0;
  };
  for (const auto& option : four) {
    refused = option;
    if (!CHECK_EQ(OpenOnly(all), EPERM)) std::cout << option.second << '\n';
  }
  SKIP_UNLESS(HasIpv6(), "IPv6");
  for (const auto& option : six) {
    refused = option;
    if (!CHECK_EQ(OpenOnly(all, AF_INET6), EPERM)) std::cout << option.second << '\n';
  }
}

TEST("an IPv6 socket does without the options of IPv4 where the kernel has none") {
  SKIP_UNLESS(HasIpv6(), "IPv6");
  UdpOptions all;
  all.ttl = 7;
  all.dscp = 46;
  all.report_icmp = true;
  Kernel kernel;
  kernel.on_option = [](int level, int) { return level == IPPROTO_IP ? ENOPROTOOPT : 0; };
  CHECK_EQ(OpenOnly(all, AF_INET6), 0);
}

TEST("packets have the time to live that was asked for, of both families") {
  const Four four;
  CHECK_EQ(FieldOf(WithTtl(7), Loopback(), four.station, IPPROTO_IP, IP_TTL), 7);
  CHECK_EQ(FieldOf(WithTtl(255), Loopback(), four.station, IPPROTO_IP, IP_TTL), 255);
  SKIP_UNLESS(HasIpv6(), "IPv6");
  const Six six;
  CHECK_EQ(FieldOf(WithTtl(7), Loopback(AF_INET6), six.station, IPPROTO_IPV6, IPV6_HOPLIMIT), 7);
  CHECK_EQ(FieldOf(WithTtl(8), AddressOf("::", 0), six.station, IPPROTO_IPV6, IPV6_HOPLIMIT), 8);
  CHECK_EQ(FieldOf(WithTtl(9), AddressOf("::", 0), four.station, IPPROTO_IP, IP_TTL), 9);
}

TEST("packets have the code point that was asked for, of both families") {
  const Four four;
  CHECK_EQ(FieldOf(WithDscp(46), Loopback(), four.station, IPPROTO_IP, IP_TOS), 46 << 2);
  CHECK_EQ(FieldOf(WithDscp(0), Loopback(), four.station, IPPROTO_IP, IP_TOS), 0);
  CHECK_EQ(FieldOf(WithDscp(63), Loopback(), four.station, IPPROTO_IP, IP_TOS), 63 << 2);
  SKIP_UNLESS(HasIpv6(), "IPv6");
  const Six six;
  CHECK_EQ(FieldOf(WithDscp(46), Loopback(AF_INET6), six.station, IPPROTO_IPV6, IPV6_TCLASS), 46 << 2);
  CHECK_EQ(FieldOf(WithDscp(10), AddressOf("::", 0), six.station, IPPROTO_IPV6, IPV6_TCLASS), 10 << 2);
  CHECK_EQ(FieldOf(WithDscp(11), AddressOf("::", 0), four.station, IPPROTO_IP, IP_TOS), 11 << 2);
}

TEST("without options the system's defaults hold") {
  Station plain;
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const Option options[] = {{SOL_SOCKET, SO_RCVBUF}, {SOL_SOCKET, SO_SNDBUF}, {IPPROTO_IP, IP_TTL}, {IPPROTO_IP, IP_TOS}};
  for (const auto& [level, name] : options) {
    int expected = -1;
    socklen_t size = sizeof(expected);
    getsockopt(fd, level, name, &expected, &size);
    CHECK_EQ(OptionOf(plain.socket, level, name), expected);
  }
  close(fd);
}

TEST("an IPv6 socket takes IPv4 too") {
  SKIP_UNLESS(HasIpv6(), "IPv6");
  Station to({}, AddressOf("::", 0)), from;
  from.Send({{from.Know(Loopback(AF_INET, to.address().port())), Numbered(1, 10)}});
  CHECK_EQ(to.Take(1).size(), 1u);
  CHECK(to.socket.SenderOf(0) == AddressOf("::ffff:127.0.0.1", from.address().port()));
}

TEST("an IPv6 socket that shall leaves IPv4 alone") {
  SKIP_UNLESS(HasIpv6(), "IPv6");
  UdpOptions options;
  options.ipv6_only = true;
  const SocketAddress four = AddressOf("::ffff:127.0.0.1", 9);
  CHECK_EQ(Station(options, AddressOf("::", 0)).socket.Connect(four), ENETUNREACH);
  CHECK_EQ(Station({}, AddressOf("::", 0)).socket.Connect(four), 0);
}

TEST("a kernel without UDP_SEGMENT gets datagrams as single messages") {
  Station to;
  Kernel kernel;
  kernel.on_option = [](int level, int name) { return level == SOL_UDP && name == UDP_SEGMENT ? ENOPROTOOPT : 0; };
  Station from;
  CHECK(!from.socket.has_gso());
  const int32_t peer = from.Know(to.address());
  CHECK_EQ(from.Send({{peer, Numbered(1, 10)}, {peer, Numbered(2, 10)}}), 2u);
  CHECK_EQ(kernel.sent.size(), 2u);
  CHECK_EQ(to.Take(2).size(), 2u);
}

TEST("what a socket shall not use it does not") {
  UdpOptions options;
  options.use_gso = options.use_gro = options.use_mmsg = false;
  Station station(options);
  CHECK(!station.socket.has_gso());
  CHECK(!station.socket.has_gro());
  CHECK(!station.socket.has_mmsg());
  CHECK(Station().socket.has_mmsg());
}

}  // namespace dtls::test
