#include "udp/socket_address.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <cstring>

namespace dtls {

namespace {

uint64_t Mix(uint64_t hash, uint64_t word) {
  // The multiplier of MurmurHash64A; the shift brings the high bits down to where tables look.
  hash = (hash ^ word) * 0xc6a4a7935bd1e995u;
  return hash ^ (hash >> 32);
}

}  // namespace

bool SocketAddress::Parse(const char* ip, uint16_t port, SocketAddress* out) {
  *out = SocketAddress();
  sockaddr_in& v4 = out->storage_.v4;
  if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return true;
  }
  sockaddr_in6& v6 = out->storage_.v6;
  const std::string text(ip);
  const size_t scope = text.find('%');
  if (inet_pton(AF_INET6, text.substr(0, scope).c_str(), &v6.sin6_addr) != 1) return false;
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (scope != text.npos) v6.sin6_scope_id = if_nametoindex(text.c_str() + scope + 1);
  return true;
}

socklen_t SocketAddress::size() const { return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in); }

size_t SocketAddress::header_size() const {
  const bool is_v4 = family() != AF_INET6 || IN6_IS_ADDR_V4MAPPED(&storage_.v6.sin6_addr);
  return (is_v4 ? 20 : 40) + 8;
}

uint16_t SocketAddress::port() const {
  return ntohs(family() == AF_INET6 ? storage_.v6.sin6_port : storage_.v4.sin_port);
}

std::string SocketAddress::ip() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() != AF_INET6) {
    inet_ntop(AF_INET, &storage_.v4.sin_addr, text, sizeof(text));
    return text;
  }
  inet_ntop(AF_INET6, &storage_.v6.sin6_addr, text, sizeof(text));
  char name[IF_NAMESIZE];
  // A link-local address says nothing without its interface.
  const bool needs_scope = IN6_IS_ADDR_LINKLOCAL(&storage_.v6.sin6_addr);
  if (!needs_scope || if_indextoname(storage_.v6.sin6_scope_id, name) == nullptr) return text;
  return std::string(text) + '%' + name;
}

bool SocketAddress::operator==(const SocketAddress& other) const {
  if (family() != other.family()) return false;
  if (family() != AF_INET6) {
    return storage_.v4.sin_port == other.storage_.v4.sin_port &&
           storage_.v4.sin_addr.s_addr == other.storage_.v4.sin_addr.s_addr;
  }
  return storage_.v6.sin6_port == other.storage_.v6.sin6_port &&
         storage_.v6.sin6_scope_id == other.storage_.v6.sin6_scope_id &&
         std::memcmp(&storage_.v6.sin6_addr, &other.storage_.v6.sin6_addr, sizeof(in6_addr)) == 0;
}

size_t SocketAddress::Hash(uint64_t seed) const {
  if (family() != AF_INET6) {
    return Mix(seed, static_cast<uint64_t>(storage_.v4.sin_addr.s_addr) << 16 | storage_.v4.sin_port);
  }
  uint64_t words[2];
  std::memcpy(words, &storage_.v6.sin6_addr, sizeof(words));
  const uint64_t rest = static_cast<uint64_t>(storage_.v6.sin6_scope_id) << 16 | storage_.v6.sin6_port;
  return Mix(Mix(Mix(seed, words[0]), words[1]), rest);
}

}  // namespace dtls
