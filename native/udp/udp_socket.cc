#include "udp/udp_socket.h"

#include <netinet/udp.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

// Older C libraries do not name what newer kernels have (linux/udp.h).
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace dtls {

int UdpSocket::Bind(const SocketAddress& local, const UdpOptions& options) {
  family_ = local.family();
  fd_ = socket(family_, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return errno;
  int error = Configure(local, options);
  if (error == 0 && bind(fd_, local.data(), local.size()) != 0) error = errno;
  if (error != 0) Close();
  return error;
}

int UdpSocket::Configure(const SocketAddress& local, const UdpOptions& options) {
  const bool is_v6 = local.family() == AF_INET6;
  // 0 says so too: the system's default may be IPv6 only (net.ipv6.bindv6only).
  if (is_v6 && Set(IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6_only ? 1 : 0) != 0) return errno;
  if (options.reuse_port && Set(SOL_SOCKET, SO_REUSEPORT, 1) != 0) return errno;
  // Who may exceed the system's limit does; for others the kernel takes what is allowed, as it does for everybody.
  const std::pair<int, int> buffers[] = {{SO_RCVBUFFORCE, SO_RCVBUF}, {SO_SNDBUFFORCE, SO_SNDBUF}};
  const int sizes[] = {options.receive_buffer, options.send_buffer};
  for (size_t i = 0; i < 2; ++i) {
    if (sizes[i] == 0 || Set(SOL_SOCKET, buffers[i].first, sizes[i]) == 0) continue;
    if (Set(SOL_SOCKET, buffers[i].second, sizes[i]) != 0) return errno;
  }
  if (options.ttl > 0) {
    if (is_v6 && Set(IPPROTO_IPV6, IPV6_UNICAST_HOPS, options.ttl) != 0) return errno;
    // A dual-stack socket sends IPv4 too.
    if (Set(IPPROTO_IP, IP_TTL, options.ttl) != 0 && !is_v6) return errno;
  }
  if (options.dscp >= 0) {
    const int traffic_class = options.dscp << 2;
    if (is_v6 && Set(IPPROTO_IPV6, IPV6_TCLASS, traffic_class) != 0) return errno;
    if (Set(IPPROTO_IP, IP_TOS, traffic_class) != 0 && !is_v6) return errno;
  }
  Probe(options);
  return 0;
}

void UdpSocket::Probe(const UdpOptions& options) {
  int segment_size = 0;
  socklen_t size = sizeof(segment_size);
  use_gso_ = options.use_gso && getsockopt(fd_, SOL_UDP, UDP_SEGMENT, &segment_size, &size) == 0;
  use_gro_ = options.use_gro && Set(SOL_UDP, UDP_GRO, 1) == 0;
  use_mmsg_ = options.use_mmsg;
}

int UdpSocket::Connect(const SocketAddress& remote) {
  if (connect(fd_, remote.data(), remote.size()) != 0) return errno;
  is_connected_ = true;
  peers_.Intern(remote);
  return 0;
}

void UdpSocket::Close() {
  const int fd = std::exchange(fd_, -1);
  if (fd >= 0) close(fd);
}

SocketAddress UdpSocket::LocalAddress() const {
  SocketAddress address;
  socklen_t size = SocketAddress::kCapacity;
  getsockname(fd_, address.data(), &size);
  return address;
}

int UdpSocket::TakeError() { return std::exchange(error_, 0); }

}  // namespace dtls
