#include <unistd.h>

#include "udp/udp_socket.h"

namespace dtls {

namespace {

// Of the route that a connected socket has; 0 when there is none.
size_t PathMtuOf(int fd, int family) {
  int mtu = 0;
  socklen_t size = sizeof(mtu);
  const bool is_v6 = family == AF_INET6;
  const int error =
      getsockopt(fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? IPV6_MTU : IP_MTU, &mtu, &size);
  return error == 0 && mtu > 0 ? static_cast<size_t>(mtu) : 0;
}

// What the kernel has learned is of the route, and another socket knows it too. Connecting sends nothing.
size_t PathMtuTo(const SocketAddress& to) {
  const int fd = socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return 0;
  const size_t mtu = connect(fd, to.data(), to.size()) == 0 ? PathMtuOf(fd, to.family()) : 0;
  close(fd);
  return mtu;
}

}  // namespace

size_t UdpSocket::MaxDatagramSize(int32_t peer) const {
  const SocketAddress* to = peers_.AddressOf(peer);
  if (to == nullptr) return 0;
  // Only a connected socket is told (ip(7)).
  const size_t mtu = is_connected_ ? PathMtuOf(fd_, to->family()) : PathMtuTo(*to);
  return mtu > to->header_size() ? mtu - to->header_size() : 0;
}

}  // namespace dtls
