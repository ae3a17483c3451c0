#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace dtls {

// An IPv4 or IPv6 address and a port, in the form of the system calls.
class SocketAddress {
 public:
  // False when `ip` is no literal address. IPv6 may name its scope: fe80::1%eth0.
  static bool Parse(const char* ip, uint16_t port, SocketAddress* out);

  sockaddr* data() { return &storage_.any; }
  const sockaddr* data() const { return &storage_.any; }
  // Size of the form of its family.
  socklen_t size() const;
  static constexpr socklen_t kCapacity = sizeof(sockaddr_in6);

  // Of the IP and UDP headers of a packet to it. An IPv6 socket reaches IPv4 by mapped addresses.
  size_t header_size() const;
  int family() const { return storage_.any.sa_family; }
  uint16_t port() const;
  std::string ip() const;

  bool operator==(const SocketAddress& other) const;
  size_t Hash(uint64_t seed) const;

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } storage_ = {};
};

}  // namespace dtls
