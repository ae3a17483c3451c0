#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "udp/peer_index.h"
#include "udp/peer_runs.h"
#include "udp/socket_address.h"

namespace dtls {

struct UdpOptions {
  bool ipv6_only = false;
  bool reuse_port = false;
  // 0: the system's default.
  int receive_buffer = 0;
  int send_buffer = 0;
  // IPv4 time to live, IPv6 hop limit. 0: the system's default.
  int ttl = 0;
  // Differentiated services code point (RFC 2474), -1: the system's default.
  int dscp = -1;
  // Of a socket that is not connected: tell ICMP messages, and whom they concern (IP_RECVERR).
  bool report_icmp = false;
  // Each is tried and left alone where the kernel has none.
  bool use_gso = true;
  bool use_gro = true;
  bool use_mmsg = true;
};

// One datagram, or several of one sender and one size that the kernel handed over in one piece (UDP_GRO).
// The layout is that of the Int32Array of UdpSocket.receive in binding.d.ts.
struct Received {
  // Of the PeerIndex, kStranger for any other sender.
  int32_t peer;
  int32_t offset;
  int32_t size;
  // Size of each but the last; 0: it is one datagram; kTruncated: it did not fit.
  int32_t segment_size;

  static constexpr int32_t kTruncated = -1;
};

// A UDP socket that moves many datagrams in one system call. Knows no event loop and no TLS; never blocks.
// All that can fail returns 0 or an errno.
class UdpSocket {
 public:
  // As many messages at a time as keep a turn of the event loop short, with room for whatever UDP can carry.
  static constexpr size_t kSlots = 32;
  // Not a power of two: equal offsets of all slots would compete for the same lines of the processor's cache.
  static constexpr size_t kSlotSize = 64 * 1024 + 192;

  UdpSocket() = default;
  ~UdpSocket() { Close(); }
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  // `family` is AF_INET or AF_INET6.
  int Open(int family, const UdpOptions& options);
  int Bind(const SocketAddress& local);
  // The kernel then drops datagrams of other senders and reports a closed port; every datagram that arrives is of
  // `remote`, which gets the number 0. Binds to any port when nobody did.
  int Connect(const SocketAddress& remote);
  void Close();

  int fd() const { return fd_; }
  SocketAddress LocalAddress() const;
  // Largest payload that reaches a peer in one packet, as far as the kernel knows the path; 0 when it does not.
  size_t MaxDatagramSize(int32_t peer) const;
  PeerIndex& peers() { return peers_; }

  // Fills `slab`, which should have `slots` times kSlotSize bytes, and as many of `received` as messages came: at most
  // `slots` and kSlots. 0: nothing waits, or an error was found (see TakeError).
  size_t Receive(uint8_t* slab, size_t slab_size, Received* received, size_t slots);
  // The sender of an entry of the last Receive().
  const SocketAddress& SenderOf(size_t entry) const { return senders_[entry]; }

  // Sends datagrams that lie one after the other at `bytes`; those of different peers may change places, in `bytes` and
  // `outgoing` too. Returns how many are done with: sent, or refused by the kernel (see TakeError). Fewer than `count`:
  // the socket's buffer is full.
  size_t Send(uint8_t* bytes, Outgoing* outgoing, size_t count);
  // Sends one datagram to anybody; an errno when the kernel did not take it.
  int SendTo(const uint8_t* bytes, size_t size, const SocketAddress& to);

  // An error that concerns a single datagram or came as an ICMP message; 0 when there is none. Of those that the
  // system calls return only the latest is kept.
  int TakeError();
  // Whom the error that was taken last concerns; kStranger when that is not known.
  int32_t error_peer() const { return error_peer_; }
  bool has_error() const { return error_ != 0; }

  bool has_gso() const { return use_gso_; }
  bool has_gro() const { return use_gro_; }
  bool has_mmsg() const { return use_mmsg_; }

 private:
  // Messages for one system call.
  struct SendBatch;

  int Configure(const UdpOptions& options);
  int SetNetwork(const UdpOptions& options);
  int SetBuffer(int forced_name, int name, int size);
  void Probe(const UdpOptions& options);
  int Set(int level, int name, int value) { return setsockopt(fd_, level, name, &value, sizeof(value)); }
  int Receive(mmsghdr* messages, size_t count);
  int ReceiveOneByOne(mmsghdr* messages, size_t count);
  void TryGro();
  int TakeIcmpError();
  int Transmit(mmsghdr* messages, size_t count);
  bool SurvivesWithout(int error, size_t segments);

  int fd_ = -1;
  bool is_v6_ = false;
  bool is_connected_ = false;
  bool use_gso_ = false;
  // UDP_GRO is to be tried when it pays.
  bool wants_gro_ = true;
  bool use_gro_ = false;
  bool use_mmsg_ = true;
  bool report_icmp_ = false;
  // What system calls returned last, and whom it concerns.
  int error_ = 0;
  int32_t refused_peer_ = PeerIndex::kStranger;
  int32_t error_peer_ = PeerIndex::kStranger;
  PeerIndex peers_;
  PeerRuns runs_;
  std::array<SocketAddress, kSlots> senders_;
};

}  // namespace dtls
