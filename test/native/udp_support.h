#pragma once

#include <poll.h>

#include <array>
#include <iostream>
#include <string>
#include <vector>

#include "pair.h"
#include "udp/udp_socket.h"

namespace dtls::test {

// 127.0.0.1 or ::1.
SocketAddress Loopback(int family = AF_INET, uint16_t port = 0);
SocketAddress AddressOf(const char* ip, uint16_t port);

UdpOptions WithoutGso();
UdpOptions WithoutMmsg();

// What this machine has.
bool HasIpv6();
bool HasGso();

// `size` bytes that begin with `number`.
Bytes Numbered(uint8_t number, size_t size);

struct Datagram {
  int32_t peer;
  Bytes bytes;
};

// An open UdpSocket with memory to receive into.
class Station {
 public:
  // Bound to a free port of the loopback interface.
  explicit Station(const UdpOptions& options = {}, int family = AF_INET);
  // Bound to `local`.
  Station(const UdpOptions& options, const SocketAddress& local);

  SocketAddress address() const { return socket.LocalAddress(); }
  // The peer's number.
  int32_t Know(const SocketAddress& peer) { return socket.peers().Intern(peer); }

  // Hands over datagrams that lie one after the other; as UdpSocket::Send().
  size_t Send(const std::vector<Datagram>& datagrams);
  // One receive call; the entries are in `received`.
  size_t Receive(size_t slots = UdpSocket::kSlots);
  // The bytes of an entry.
  Bytes BytesOf(size_t entry) const;
  // Waits for `count` datagrams. Merged ones are taken apart, truncated ones left out.
  std::vector<Datagram> Take(size_t count);
  // Waits for any of `events` (poll), or an error.
  void Wait(short events = POLLIN) const;

  UdpSocket socket;
  std::array<Received, UdpSocket::kSlots> received = {};

 private:
  void TakeEntry(size_t entry, std::vector<Datagram>* datagrams) const;

  std::vector<uint8_t> slab_ = std::vector<uint8_t>(UdpSocket::kSlots * UdpSocket::kSlotSize);
};

// Two sockets, one of which sends.
struct Route {
  explicit Route(const UdpOptions& sender = {}, const UdpOptions& receiver = {})
      : from(sender), to(receiver), peer(from.Know(to.address())) {}

  // Sends datagrams of these sizes, numbered from 0.
  size_t Send(const std::vector<size_t>& sizes);

  Station from;
  Station to;
  int32_t peer;
};

std::vector<size_t> SizesOf(const std::vector<Datagram>& datagrams);
// The first byte of each.
std::vector<int> NumbersOf(const std::vector<Datagram>& datagrams);

// A port of the loopback interface that refuses datagrams with an ICMP message, and that nobody else can get: its
// socket is connected elsewhere, which the kernel does not take into account for other senders.
class RefusingPort {
 public:
  explicit RefusingPort(int family = AF_INET);
  ~RefusingPort();
  RefusingPort(const RefusingPort&) = delete;
  RefusingPort& operator=(const RefusingPort&) = delete;

  SocketAddress address() const { return address_; }
  // From now on it takes the datagrams of this sender.
  void OpenTo(const SocketAddress& sender);
  // Waits for a datagram.
  Bytes Take() const;

 private:
  int fd_;
  SocketAddress address_;
};

}  // namespace dtls::test

// For tests of what an older kernel or another machine lacks.
#define SKIP_UNLESS(condition, what)                  \
  if (!(condition)) {                                 \
    std::cout << "skipped, there is no " what ": ";   \
    return;                                           \
  }
