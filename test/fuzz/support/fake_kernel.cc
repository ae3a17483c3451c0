#include "fake_kernel.h"

#include <linux/errqueue.h>
#include <net/if.h>

#include <cerrno>
#include <cstring>

#include "expect.h"
#include "udp/linux_udp.h"

namespace dtls::fuzz {

namespace {

FakeKernel* kernel = nullptr;
// Nobody's file descriptor.
constexpr int kSocket = 1 << 20;
constexpr size_t kMaxPacket = 65'507;
constexpr size_t kMaxSegments = 64;

// Sets errno and returns true when the input says that the call fails.
bool Fails() {
  constexpr int kErrors[] = {EAGAIN, EINTR,  ENOSYS,       EINVAL,     EIO,   EMSGSIZE,
                             EPERM,  ENOMEM, ECONNREFUSED, ENETUNREACH, ENOBUFS, EHOSTUNREACH};
  const uint8_t choice = kernel->input == nullptr ? 0xff : kernel->input->empty() ? 0xff : kernel->input->Byte();
  if (choice >= std::size(kErrors)) return false;
  errno = kErrors[choice];
  return true;
}

SocketAddress AddressIn(const void* name, socklen_t size) {
  SocketAddress address;
  EXPECT(size <= SocketAddress::kCapacity);
  std::memcpy(address.data(), name, size);
  EXPECT(address.size() == size);
  return address;
}

// Adds a control message where there is room, as put_cmsg() of the kernel does.
void AddControl(msghdr* header, size_t* used, int level, int type, const void* data, size_t size) {
  if (header->msg_control == nullptr || *used + CMSG_LEN(size) > header->msg_controllen) {
    header->msg_flags |= MSG_CTRUNC;
    return;
  }
  uint8_t* at = static_cast<uint8_t*>(header->msg_control) + *used;
  cmsghdr control = {};
  control.cmsg_len = CMSG_LEN(size);
  control.cmsg_level = level;
  control.cmsg_type = type;
  std::memcpy(at, &control, sizeof(control));
  std::memcpy(at + CMSG_LEN(0), data, size);
  *used = std::min(*used + CMSG_SPACE(size), header->msg_controllen);
}

// What one message on its way out is; the errno that the kernel has for it, or 0.
int Take(const msghdr& header) {
  Bytes bytes;
  for (size_t i = 0; i < header.msg_iovlen; ++i) {
    const auto* begin = static_cast<const uint8_t*>(header.msg_iov[i].iov_base);
    bytes.insert(bytes.end(), begin, begin + header.msg_iov[i].iov_len);
  }
  size_t step = bytes.size();
  if (const cmsghdr* control = CMSG_FIRSTHDR(&header)) {
    EXPECT(control->cmsg_level == SOL_UDP && control->cmsg_type == UDP_SEGMENT);
    uint16_t size;
    std::memcpy(&size, CMSG_DATA(control), sizeof(size));
    if (size == 0 || bytes.size() > size * kMaxSegments) return EINVAL;
    step = size;
  }
  if (bytes.size() > kMaxPacket) return EMSGSIZE;
  const SocketAddress to =
      header.msg_name == nullptr ? kernel->remote.value() : AddressIn(header.msg_name, header.msg_namelen);
  size_t begin = 0;
  do {
    const size_t end = std::min(begin + step, bytes.size());
    kernel->sent.push_back({to, test::Slice(bytes, begin, end)});
    begin = end;
  } while (begin < bytes.size());
  return 0;
}

bool Refuses(const msghdr& header) {
  if (Fails()) {
    if (errno != EAGAIN && errno != EINTR) ++kernel->refusals;
    return true;
  }
  errno = Take(header);
  if (errno != 0) ++kernel->refusals;
  return errno != 0;
}

// Puts a datagram, or several that were merged, into a message.
void HandOver(msghdr* header, unsigned int* size) {
  Input& input = *kernel->input;
  const SocketAddress sender = kernel->remote ? *kernel->remote : AddressBy(input.Byte());
  const size_t whole = input.Word();
  const int segment_size = input.Word();
  const auto& piece = header->msg_iov[0];
  EXPECT(header->msg_iovlen == 1 && piece.iov_len > 0);
  header->msg_flags = 0;
  *size = static_cast<unsigned int>(std::min(whole, piece.iov_len));
  // Both ends are written, for AddressSanitizer to see.
  if (*size > 0) {
    auto* bytes = static_cast<uint8_t*>(piece.iov_base);
    bytes[0] = bytes[*size - 1] = input.Byte();
  }
  const bool is_truncated = whole > piece.iov_len;
  if (is_truncated) header->msg_flags |= MSG_TRUNC;
  if (header->msg_name != nullptr) {
    std::memcpy(header->msg_name, sender.data(), std::min(sender.size(), header->msg_namelen));
    header->msg_namelen = sender.size();
  }
  size_t used = 0;
  // An even size: not merged.
  const bool is_merged = header->msg_control != nullptr && segment_size % 2 == 1;
  if (is_merged) AddControl(header, &used, SOL_UDP, UDP_GRO, &segment_size, sizeof(segment_size));
  header->msg_controllen = used;
  kernel->handed.push_back({sender, *size, is_merged ? static_cast<size_t>(segment_size) : 0, is_truncated});
}

// An entry of the error queue (ip(7), IP_RECVERR), among other control messages.
void HandOverError(msghdr* header) {
  Input& input = *kernel->input;
  const SocketAddress to = AddressBy(input.Byte());
  std::memcpy(header->msg_name, to.data(), std::min(to.size(), header->msg_namelen));
  header->msg_namelen = to.size();
  header->msg_flags = MSG_ERRQUEUE;
  size_t used = 0;
  const uint8_t kinds = input.Byte();
  const int unrelated = 64;
  if ((kinds & 1) != 0) AddControl(header, &used, IPPROTO_IP, IP_TTL, &unrelated, sizeof(unrelated));
  int error = 0;
  if ((kinds & 2) == 0) {
    struct {
      sock_extended_err error;
      sockaddr_in6 offender;
    } report = {};
    error = input.Byte();
    report.error.ee_errno = static_cast<uint32_t>(error);
    const bool is_v6 = to.family() == AF_INET6;
    AddControl(header, &used, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? IPV6_RECVERR : IP_RECVERR, &report,
               sizeof(report.error) + (is_v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in)));
  }
  header->msg_controllen = used;
  kernel->icmp = {to, error};
}

}  // namespace

FakeKernel::FakeKernel() { kernel = this; }
FakeKernel::~FakeKernel() { kernel = nullptr; }

SocketAddress AddressBy(uint8_t choice) {
  constexpr const char* kHosts[] = {"192.0.2.1", "192.0.2.2", "2001:db8::1", "::ffff:192.0.2.1", "fe80::1%eth0"};
  SocketAddress address;
  const auto port = static_cast<uint16_t>(5684 + choice / std::size(kHosts) % 2);
  EXPECT(SocketAddress::Parse(kHosts[choice % std::size(kHosts)], port, &address));
  return address;
}

}  // namespace dtls::fuzz

using dtls::fuzz::kernel;

extern "C" {

int __wrap_socket(int, int, int) { return dtls::fuzz::Fails() ? -1 : dtls::fuzz::kSocket; }

int __wrap_bind(int, const sockaddr*, socklen_t) { return dtls::fuzz::Fails() ? -1 : 0; }

int __wrap_connect(int, const sockaddr* name, socklen_t size) {
  if (dtls::fuzz::Fails()) return -1;
  kernel->remote = dtls::fuzz::AddressIn(name, size);
  return 0;
}

int __wrap_setsockopt(int, int, int, const void*, socklen_t) { return dtls::fuzz::Fails() ? -1 : 0; }

int __wrap_getsockopt(int, int, int, void*, socklen_t*) { return dtls::fuzz::Fails() ? -1 : 0; }

int __wrap_recvmmsg(int, mmsghdr* messages, unsigned int count, int, timespec*) {
  kernel->handed.clear();
  if (dtls::fuzz::Fails()) return -1;
  unsigned int received = 0;
  while (received < count && !kernel->input->empty()) {
    dtls::fuzz::HandOver(&messages[received].msg_hdr, &messages[received].msg_len);
    ++received;
    // Nothing more waits.
    if (kernel->input->Byte() % 4 == 0) break;
  }
  if (received == 0) errno = EAGAIN;
  return received == 0 ? -1 : static_cast<int>(received);
}

ssize_t __wrap_recvmsg(int, msghdr* header, int flags) {
  if (dtls::fuzz::Fails()) return -1;
  if (kernel->input->empty()) {
    errno = EAGAIN;
    return -1;
  }
  if ((flags & MSG_ERRQUEUE) != 0) {
    dtls::fuzz::HandOverError(header);
    return 0;
  }
  unsigned int size = 0;
  dtls::fuzz::HandOver(header, &size);
  return static_cast<ssize_t>(size);
}

int __wrap_sendmmsg(int, mmsghdr* messages, unsigned int count, int) {
  unsigned int taken = 0;
  while (taken < count && !dtls::fuzz::Refuses(messages[taken].msg_hdr)) ++taken;
  return taken == 0 && count > 0 ? -1 : static_cast<int>(taken);
}

ssize_t __wrap_sendmsg(int, const msghdr* header, int) { return dtls::fuzz::Refuses(*header) ? -1 : 0; }

ssize_t __wrap_sendto(int, const void* bytes, size_t size, int, const sockaddr* name, socklen_t name_size) {
  iovec piece = {const_cast<void*>(bytes), size};
  msghdr header = {};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_name = const_cast<sockaddr*>(name);
  header.msg_namelen = name_size;
  return dtls::fuzz::Refuses(header) ? -1 : static_cast<ssize_t>(size);
}

// The only interface there is.
unsigned int __wrap_if_nametoindex(const char* name) { return std::strcmp(name, "eth0") == 0 ? 2 : 0; }

char* __wrap_if_indextoname(unsigned int index, char* name) {
  if (index != 2) return nullptr;
  std::memcpy(name, "eth0", 5);
  return name;
}

}  // extern "C"
