#include "udp_kernel.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

namespace dtls::test {

namespace {

Kernel* current = nullptr;
// Much more than a loopback interface needs, so that a failed test ends.
constexpr timeval kPatience = {10, 0};

// True when the call is to fail, with errno set.
bool Fails(int error) {
  if (error == 0) return false;
  errno = error;
  return true;
}

bool Refuses(Call call) {
  if (current == nullptr) return false;
  ++current->calls[call];
  return Fails(current->on_call(call));
}

Sent SentOf(const msghdr& header) {
  Sent sent = {};
  for (size_t i = 0; i < header.msg_iovlen; ++i) sent.size += header.msg_iov[i].iov_len;
  const cmsghdr* control = CMSG_FIRSTHDR(&header);
  if (control != nullptr && control->cmsg_level == SOL_UDP && control->cmsg_type == UDP_SEGMENT) {
    uint16_t size;
    std::memcpy(&size, CMSG_DATA(control), sizeof(size));
    sent.segment_size = size;
  }
  return sent;
}

// How many messages get by; errno tells why the next one does not.
unsigned int Passing(const mmsghdr* messages, unsigned int count) {
  unsigned int passing = 0;
  while (passing < count && !Fails(current->on_message(SentOf(messages[passing].msg_hdr)))) ++passing;
  return passing;
}

}  // namespace

Kernel::Kernel() { current = this; }
Kernel::~Kernel() { current = nullptr; }

}  // namespace dtls::test

using dtls::test::current;

extern "C" {

int __real_sendmmsg(int, mmsghdr*, unsigned int, int);
int __real_recvmmsg(int, mmsghdr*, unsigned int, int, timespec*);
ssize_t __real_sendmsg(int, const msghdr*, int);
ssize_t __real_recvmsg(int, msghdr*, int);
int __real_setsockopt(int, int, int, const void*, socklen_t);
int __real_getsockopt(int, int, int, void*, socklen_t*);

int __wrap_sendmmsg(int fd, mmsghdr* messages, unsigned int count, int flags) {
  if (dtls::test::Refuses(dtls::test::kSendmmsg)) return -1;
  if (current == nullptr) return __real_sendmmsg(fd, messages, count, flags);
  const unsigned int passing = dtls::test::Passing(messages, count);
  if (passing == 0) return -1;
  const int result = __real_sendmmsg(fd, messages, passing, flags);
  for (int i = 0; i < result; ++i) current->sent.push_back(dtls::test::SentOf(messages[i].msg_hdr));
  return result;
}

ssize_t __wrap_sendmsg(int fd, const msghdr* header, int flags) {
  if (dtls::test::Refuses(dtls::test::kSendmsg)) return -1;
  if (current == nullptr) return __real_sendmsg(fd, header, flags);
  const dtls::test::Sent sent = dtls::test::SentOf(*header);
  if (dtls::test::Fails(current->on_message(sent))) return -1;
  const ssize_t result = __real_sendmsg(fd, header, flags);
  if (result >= 0) current->sent.push_back(sent);
  return result;
}

int __wrap_recvmmsg(int fd, mmsghdr* messages, unsigned int count, int flags, timespec* timeout) {
  if (dtls::test::Refuses(dtls::test::kRecvmmsg)) return -1;
  if (current == nullptr || current->awaited == 0) return __real_recvmmsg(fd, messages, count, flags, timeout);
  const timeval patience = dtls::test::kPatience;
  __real_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  const int status = fcntl(fd, F_GETFL);
  fcntl(fd, F_SETFL, status & ~O_NONBLOCK);
  count = std::min(count, static_cast<unsigned int>(current->awaited));
  const int result = __real_recvmmsg(fd, messages, count, flags, timeout);
  fcntl(fd, F_SETFL, status);
  return result;
}

ssize_t __wrap_recvmsg(int fd, msghdr* header, int flags) {
  if (dtls::test::Refuses(dtls::test::kRecvmsg)) return -1;
  return __real_recvmsg(fd, header, flags);
}

int __wrap_setsockopt(int fd, int level, int name, const void* value, socklen_t size) {
  if (current != nullptr && dtls::test::Fails(current->on_option(level, name))) return -1;
  return __real_setsockopt(fd, level, name, value, size);
}

int __wrap_getsockopt(int fd, int level, int name, void* value, socklen_t* size) {
  if (current != nullptr && dtls::test::Fails(current->on_option(level, name))) return -1;
  return __real_getsockopt(fd, level, name, value, size);
}

}  // extern "C"
