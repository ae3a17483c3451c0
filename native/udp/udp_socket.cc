#include "udp/udp_socket.h"

#include <linux/errqueue.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "udp/linux_udp.h"

namespace dtls {

int UdpSocket::Open(int family, const UdpOptions& options) {
  is_v6_ = family == AF_INET6;
  fd_ = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return errno;
  const int error = Configure(options);
  if (error != 0) Close();
  return error;
}

int UdpSocket::Configure(const UdpOptions& options) {
  // 0 is said too: the system's default may be IPv6 only (net.ipv6.bindv6only).
  if (is_v6_ && Set(IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6_only ? 1 : 0) != 0) return errno;
  if (options.reuse_port && Set(SOL_SOCKET, SO_REUSEPORT, 1) != 0) return errno;
  if (SetBuffer(SO_RCVBUFFORCE, SO_RCVBUF, options.receive_buffer) != 0) return errno;
  if (SetBuffer(SO_SNDBUFFORCE, SO_SNDBUF, options.send_buffer) != 0) return errno;
  if (const int error = SetNetwork(options); error != 0) return error;
  Probe(options);
  return 0;
}

// What the packets of a socket look like, and what comes back of them.
int UdpSocket::SetNetwork(const UdpOptions& options) {
  if (options.ttl > 0) {
    if (is_v6_ && Set(IPPROTO_IPV6, IPV6_UNICAST_HOPS, options.ttl) != 0) return errno;
    // A dual-stack socket sends IPv4 too.
    if (Set(IPPROTO_IP, IP_TTL, options.ttl) != 0 && !is_v6_) return errno;
  }
  if (options.dscp >= 0) {
    const int traffic_class = options.dscp << 2;
    if (is_v6_ && Set(IPPROTO_IPV6, IPV6_TCLASS, traffic_class) != 0) return errno;
    if (Set(IPPROTO_IP, IP_TOS, traffic_class) != 0 && !is_v6_) return errno;
  }
  report_icmp_ = options.report_icmp;
  if (report_icmp_) {
    if (is_v6_ && Set(IPPROTO_IPV6, IPV6_RECVERR, 1) != 0) return errno;
    if (Set(IPPROTO_IP, IP_RECVERR, 1) != 0 && !is_v6_) return errno;
  }
  return 0;
}

// Who may exceed the system's limit does; to others the kernel grants what is allowed.
int UdpSocket::SetBuffer(int forced_name, int name, int size) {
  return size == 0 || Set(SOL_SOCKET, forced_name, size) == 0 ? 0 : Set(SOL_SOCKET, name, size);
}

void UdpSocket::Probe(const UdpOptions& options) {
  int segment_size = 0;
  socklen_t size = sizeof(segment_size);
  use_gso_ = options.use_gso && getsockopt(fd_, SOL_UDP, UDP_SEGMENT, &segment_size, &size) == 0;
  wants_gro_ = options.use_gro;
  use_mmsg_ = options.use_mmsg;
}

int UdpSocket::Bind(const SocketAddress& local) {
  return bind(fd_, local.data(), local.size()) == 0 ? 0 : errno;
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

int UdpSocket::TakeError() {
  const int error = std::exchange(error_, 0);
  error_peer_ = is_connected_ ? 0 : std::exchange(refused_peer_, PeerIndex::kStranger);
  // What a system call returned without refusing anything is an ICMP message; the queue has it too, and says whose.
  if (report_icmp_ && (error == 0 || error_peer_ == PeerIndex::kStranger)) return TakeIcmpError();
  return error;
}

int UdpSocket::TakeIcmpError() {
  SocketAddress to;
  alignas(cmsghdr) char control[512];
  msghdr header = {};
  header.msg_name = to.data();
  header.msg_namelen = SocketAddress::kCapacity;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  if (recvmsg(fd_, &header, MSG_ERRQUEUE) < 0) return 0;
  error_peer_ = peers_.Find(to);
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = NextControl(&header, c)) {
    const bool is_error = (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
                          (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
    if (!is_error) continue;
    sock_extended_err error;
    std::memcpy(&error, CMSG_DATA(c), sizeof(error));
    return static_cast<int>(error.ee_errno);
  }
  return 0;
}

}  // namespace dtls
