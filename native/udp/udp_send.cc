#include <algorithm>
#include <cerrno>
#include <cstring>

#include "udp/linux_udp.h"
#include "udp/udp_socket.h"

namespace dtls {

namespace {

// UDP_MAX_SEGMENTS of the first kernels that had it.
constexpr size_t kMaxSegments = 64;
// What fits the length field of an IPv4 packet beside its headers.
constexpr size_t kMaxPacket = 65'507;
constexpr size_t kMaxMessages = 64;

union Control {
  char bytes[CMSG_SPACE(sizeof(uint16_t))];
  cmsghdr align;
};

// How many datagrams from `first` on can leave as one: of one peer, of one size but for a shorter last.
size_t SegmentsOf(const Outgoing* first, size_t count) {
  const auto size = static_cast<size_t>(first->size);
  size_t total = size;
  size_t segments = 1;
  while (segments < std::min(count, kMaxSegments)) {
    const Outgoing& next = first[segments];
    total += static_cast<size_t>(next.size);
    if (next.peer != first->peer || next.size > first->size || next.size == 0 || total > kMaxPacket) break;
    ++segments;
    if (next.size < first->size) break;
  }
  return segments;
}

}  // namespace

struct UdpSocket::SendBatch {
  mmsghdr messages[kMaxMessages];
  iovec pieces[kMaxMessages];
  Control controls[kMaxMessages];
  size_t segments[kMaxMessages];
  size_t size = 0;

  void Add(const uint8_t* bytes, const Outgoing* first, size_t count, const SocketAddress* to) {
    size_t total = 0;
    for (size_t i = 0; i < count; ++i) total += static_cast<size_t>(first[i].size);
    pieces[size] = {const_cast<uint8_t*>(bytes), total};
    messages[size] = {};
    msghdr& header = messages[size].msg_hdr;
    header.msg_iov = &pieces[size];
    header.msg_iovlen = 1;
    if (to != nullptr) {
      header.msg_name = const_cast<sockaddr*>(to->data());
      header.msg_namelen = to->size();
    }
    if (count > 1) SetSegmentSize(&header, static_cast<uint16_t>(first->size));
    segments[size++] = count;
  }

 private:
  void SetSegmentSize(msghdr* header, uint16_t segment_size) {
    // The padding too: valgrind does not like to see the kernel read it.
    controls[size] = {};
    header->msg_control = controls[size].bytes;
    header->msg_controllen = sizeof(controls[size].bytes);
    cmsghdr* control = CMSG_FIRSTHDR(header);
    control->cmsg_level = SOL_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof(segment_size));
    std::memcpy(CMSG_DATA(control), &segment_size, sizeof(segment_size));
  }
};

size_t UdpSocket::Send(uint8_t* bytes, Outgoing* outgoing, size_t count) {
  if (use_gso_ && !is_connected_) runs_.Gather(bytes, outgoing, count);
  size_t done = 0;
  // Datagrams before this one go one by one: the kernel refused to segment them.
  size_t unsegmented = 0;
  bool is_second_try = false;
  while (done < count) {
    SendBatch batch;
    const uint8_t* next_bytes = bytes;
    for (size_t next = done; next < count && batch.size < kMaxMessages;) {
      const bool may_join = use_gso_ && next >= unsegmented;
      const size_t segments = may_join ? SegmentsOf(outgoing + next, count - next) : 1;
      batch.Add(next_bytes, outgoing + next, segments,
                is_connected_ ? nullptr : peers_.AddressOf(outgoing[next].peer));
      next_bytes += batch.pieces[batch.size - 1].iov_len;
      next += segments;
    }
    const int sent = Transmit(batch.messages, batch.size);
    if (sent < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      if (SurvivesWithout(errno, batch.segments[0])) {
        unsegmented = done + batch.segments[0];
        continue;
      }
      error_ = errno;
      // The first error may be an ICMP message for a datagram of the past; it says nothing about this one.
      is_second_try = !is_second_try;
      if (is_second_try) continue;
      refused_peer_ = outgoing[done].peer;
    }
    is_second_try = false;
    // Of a refused message nothing is kept: it is lost, as on the way.
    for (int i = 0; i < std::max(sent, 1); ++i) {
      bytes += batch.pieces[i].iov_len;
      done += batch.segments[i];
    }
  }
  return done;
}

// Whether the refused datagrams may pass one by one: EIO when the device cannot compute checksums of segments, EINVAL
// or EMSGSIZE when a segment exceeds its MTU, which IP would fragment otherwise.
bool UdpSocket::SurvivesWithout(int error, size_t segments) {
  if (segments == 1) return false;
  if (error == EIO) use_gso_ = false;
  return error == EIO || error == EINVAL || error == EMSGSIZE;
}

// How many messages were taken; -1 when the first was not.
int UdpSocket::Transmit(mmsghdr* messages, size_t count) {
  int result;
  do {
    // One message is cheaper without the array around it.
    if (use_mmsg_ && count > 1) {
      result = sendmmsg(fd_, messages, static_cast<unsigned int>(count), 0);
      if (result < 0 && errno == ENOSYS) use_mmsg_ = false;
    }
    if (!use_mmsg_ || count == 1) result = sendmsg(fd_, &messages[0].msg_hdr, 0) < 0 ? -1 : 1;
  } while (result < 0 && errno == EINTR);
  return result;
}

int UdpSocket::SendTo(const uint8_t* bytes, size_t size, const SocketAddress& to) {
  return sendto(fd_, bytes, size, 0, to.data(), to.size()) < 0 ? errno : 0;
}

}  // namespace dtls
