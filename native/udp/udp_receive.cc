#include <algorithm>
#include <cerrno>
#include <cstring>

#include "udp/linux_udp.h"
#include "udp/udp_socket.h"

namespace dtls {

namespace {

// UDP_GRO is for who gets much at a time. The first socket of the system that sets it makes the kernel patch its own
// code, and the last to go makes it patch it back: some 100 us each time, more than a handshake.
constexpr int kMessagesWorthGro = 8;

// The kernel tells the size of merged datagrams as an int.
union Control {
  char bytes[CMSG_SPACE(sizeof(int))];
  cmsghdr align;
};

int32_t SegmentSizeOf(msghdr* header) {
  for (cmsghdr* c = CMSG_FIRSTHDR(header); c != nullptr; c = NextControl(header, c)) {
    if (c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO) continue;
    int size;
    std::memcpy(&size, CMSG_DATA(c), sizeof(size));
    return size;
  }
  return 0;
}

}  // namespace

size_t UdpSocket::Receive(uint8_t* slab, size_t slab_size, Received* received, size_t slots) {
  mmsghdr messages[kSlots];
  iovec pieces[kSlots];
  Control controls[kSlots];
  slots = std::min({slots, kSlots, (slab_size + kSlotSize - 1) / kSlotSize});
  if (slots == 0) return 0;
  std::memset(messages, 0, slots * sizeof(mmsghdr));
  for (size_t i = 0; i < slots; ++i) {
    msghdr& header = messages[i].msg_hdr;
    pieces[i] = {slab + i * kSlotSize, std::min(kSlotSize, slab_size - i * kSlotSize)};
    header.msg_iov = &pieces[i];
    header.msg_iovlen = 1;
    if (!is_connected_) {
      header.msg_name = senders_[i].data();
      header.msg_namelen = SocketAddress::kCapacity;
    }
    if (use_gro_) {
      header.msg_control = controls[i].bytes;
      header.msg_controllen = sizeof(controls[i].bytes);
    }
  }
  const int count = Receive(messages, slots);
  for (int i = 0; i < count; ++i) {
    msghdr& header = messages[i].msg_hdr;
    received[i].peer = is_connected_ ? 0 : peers_.Find(senders_[i]);
    received[i].offset = static_cast<int32_t>(i * kSlotSize);
    received[i].size = static_cast<int32_t>(messages[i].msg_len);
    const bool is_truncated = (header.msg_flags & MSG_TRUNC) != 0;
    received[i].segment_size = is_truncated ? Received::kTruncated : use_gro_ ? SegmentSizeOf(&header) : 0;
  }
  if (wants_gro_ && count >= kMessagesWorthGro) TryGro();
  return static_cast<size_t>(std::max(count, 0));
}

void UdpSocket::TryGro() {
  wants_gro_ = false;
  use_gro_ = Set(SOL_UDP, UDP_GRO, 1) == 0;
}

// How many messages came; -1 when none did. An ICMP message ends the call like an error, once.
int UdpSocket::Receive(mmsghdr* messages, size_t count) {
  int result = -1;
  if (use_mmsg_) {
    do {
      result = recvmmsg(fd_, messages, static_cast<unsigned int>(count), 0, nullptr);
    } while (result < 0 && errno == EINTR);
    // A sandbox may not know the call.
    if (result < 0 && errno == ENOSYS) use_mmsg_ = false;
  }
  if (!use_mmsg_) result = ReceiveOneByOne(messages, count);
  if (result < 0 && errno != EAGAIN && errno != EWOULDBLOCK) error_ = errno;
  return result;
}

int UdpSocket::ReceiveOneByOne(mmsghdr* messages, size_t count) {
  size_t received = 0;
  while (received < count) {
    const ssize_t size = recvmsg(fd_, &messages[received].msg_hdr, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {
      // Behind datagrams it is told all the same: no other call will.
      if (received > 0 && errno != EAGAIN && errno != EWOULDBLOCK) error_ = errno;
      break;
    }
    messages[received++].msg_len = static_cast<unsigned int>(size);
  }
  return received == 0 ? -1 : static_cast<int>(received);
}

}  // namespace dtls
