#include "udp_support.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>

#include "check.h"

namespace dtls::test {

namespace {

// Much more than a loopback interface needs, so that a failed test ends.
constexpr int kPatienceMs = 10'000;

void WaitFor(int fd, short events) {
  pollfd watched = {fd, events, 0};
  CHECK_EQ(poll(&watched, 1, kPatienceMs), 1);
}

}  // namespace

SocketAddress AddressOf(const char* ip, uint16_t port) {
  SocketAddress address;
  CHECK(SocketAddress::Parse(ip, port, &address));
  return address;
}

SocketAddress Loopback(int family, uint16_t port) { return AddressOf(family == AF_INET6 ? "::1" : "127.0.0.1", port); }

UdpOptions WithoutGso() {
  UdpOptions options;
  options.use_gso = false;
  return options;
}

UdpOptions WithoutMmsg() {
  UdpOptions options;
  options.use_mmsg = false;
  return options;
}

bool HasGso() { return Station().socket.has_gso(); }

bool HasIpv6() {
  UdpSocket socket;
  return socket.Open(AF_INET6, {}) == 0 && socket.Bind(Loopback(AF_INET6)) == 0;
}

Bytes Numbered(uint8_t number, size_t size) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), number);
  return bytes;
}

Station::Station(const UdpOptions& options, int family) : Station(options, Loopback(family)) {}

Station::Station(const UdpOptions& options, const SocketAddress& local) {
  CHECK_EQ(socket.Open(local.family(), options), 0);
  CHECK_EQ(socket.Bind(local), 0);
}

size_t Station::Send(const std::vector<Datagram>& datagrams) {
  Bytes bytes;
  std::vector<Outgoing> outgoing;
  for (const Datagram& datagram : datagrams) {
    bytes.insert(bytes.end(), datagram.bytes.begin(), datagram.bytes.end());
    outgoing.push_back({datagram.peer, static_cast<int32_t>(datagram.bytes.size())});
  }
  return socket.Send(bytes.data(), outgoing.data(), outgoing.size());
}

size_t Station::Receive(size_t slots) { return socket.Receive(slab_.data(), slab_.size(), received.data(), slots); }

Bytes Station::BytesOf(size_t entry) const {
  const auto begin = static_cast<size_t>(received[entry].offset);
  return Slice(slab_, begin, begin + static_cast<size_t>(received[entry].size));
}

std::vector<Datagram> Station::Take(size_t count) {
  std::vector<Datagram> datagrams;
  while (datagrams.size() < count && Failures() == 0) {
    Wait();
    const size_t entries = Receive();
    for (size_t entry = 0; entry < entries; ++entry) TakeEntry(entry, &datagrams);
  }
  return datagrams;
}

void Station::TakeEntry(size_t entry, std::vector<Datagram>* datagrams) const {
  const Bytes bytes = BytesOf(entry);
  const int32_t segment_size = received[entry].segment_size;
  if (segment_size == Received::kTruncated) return;
  const size_t step = segment_size == 0 ? bytes.size() : static_cast<size_t>(segment_size);
  size_t begin = 0;
  do {
    const size_t end = std::min(begin + step, bytes.size());
    datagrams->push_back({received[entry].peer, Slice(bytes, begin, end)});
    begin = end;
  } while (begin < bytes.size());
}

void Station::Wait(short events) const { WaitFor(socket.fd(), events); }

size_t Route::Send(const std::vector<size_t>& sizes) {
  std::vector<Datagram> datagrams;
  for (const size_t size : sizes) datagrams.push_back({peer, Numbered(static_cast<uint8_t>(datagrams.size()), size)});
  return from.Send(datagrams);
}

std::vector<size_t> SizesOf(const std::vector<Datagram>& datagrams) {
  std::vector<size_t> sizes;
  for (const Datagram& datagram : datagrams) sizes.push_back(datagram.bytes.size());
  return sizes;
}

std::vector<int> NumbersOf(const std::vector<Datagram>& datagrams) {
  std::vector<int> numbers;
  for (const Datagram& datagram : datagrams) numbers.push_back(datagram.bytes.empty() ? -1 : datagram.bytes[0]);
  return numbers;
}

RefusingPort::RefusingPort(int family) : fd_(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  const SocketAddress local = Loopback(family);
  CHECK_EQ(bind(fd_, local.data(), local.size()), 0);
  socklen_t size = SocketAddress::kCapacity;
  getsockname(fd_, address_.data(), &size);
  OpenTo(Loopback(family, 9));
}

RefusingPort::~RefusingPort() { close(fd_); }

void RefusingPort::OpenTo(const SocketAddress& sender) { CHECK_EQ(connect(fd_, sender.data(), sender.size()), 0); }

Bytes RefusingPort::Take() const {
  WaitFor(fd_, POLLIN);
  Bytes bytes(65536);
  const ssize_t size = recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
  bytes.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
  return bytes;
}

}  // namespace dtls::test
