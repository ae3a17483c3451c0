// Datagrams that a UdpSocket sends through a kernel that refuses what it likes.
#include <map>

#include "support/expect.h"
#include "support/fake_kernel.h"

namespace dtls::fuzz {

namespace {

// More than one system call takes.
constexpr size_t kMaxDatagrams = 150;
// More than one packet takes.
constexpr size_t kMaxBytes = 100'000;

struct Wanted {
  std::vector<Packet> packets;
  std::vector<Outgoing> outgoing;
  Bytes bytes;
};

// Each run of datagrams has one size and one receiver, as the kernel joins them.
Wanted ReadWanted(Input& input, UdpSocket& socket, const FakeKernel& kernel) {
  Wanted wanted;
  while (!input.empty() && wanted.packets.size() < kMaxDatagrams) {
    const uint8_t run = input.Byte();
    if (run == 0) break;
    const SocketAddress to = kernel.remote ? *kernel.remote : AddressBy(input.Byte());
    const size_t size = input.Word() % 2048 * ((run & 0x80) != 0 ? 32 : 1);
    for (size_t i = run & 0x7f; i > 0 && wanted.packets.size() < kMaxDatagrams; --i) {
      if (wanted.bytes.size() + size > kMaxBytes) return wanted;
      const Bytes bytes(size, static_cast<uint8_t>(wanted.packets.size()));
      wanted.outgoing.push_back({kernel.remote ? 0 : socket.peers().Intern(to), static_cast<int32_t>(size)});
      wanted.packets.push_back({to, bytes});
      wanted.bytes.insert(wanted.bytes.end(), bytes.begin(), bytes.end());
    }
  }
  return wanted;
}

// The packets as the socket has arranged them: those of each peer in their order, none lost, none changed.
std::vector<Packet> Arranged(const Wanted& before, const Wanted& after) {
  std::vector<Packet> packets;
  std::map<int32_t, size_t> next;
  size_t at = 0;
  for (const Outgoing& each : after.outgoing) {
    size_t& from = next[each.peer];
    while (from < before.outgoing.size() && before.outgoing[from].peer != each.peer) ++from;
    EXPECT(from < before.outgoing.size());
    packets.push_back(before.packets[from++]);
    EXPECT(packets.back().bytes == test::Slice(after.bytes, at, at + static_cast<size_t>(each.size)));
    at += static_cast<size_t>(each.size);
  }
  return packets;
}

// What was sent is what was wanted, in its order, but for what the kernel refused.
void Check(const std::vector<Packet>& packets, size_t done, const FakeKernel& kernel) {
  EXPECT(done <= packets.size());
  size_t next = 0;
  size_t lost = 0;
  for (size_t i = 0; i < done; ++i) {
    const bool is_sent = next < kernel.sent.size() && kernel.sent[next].address == packets[i].address &&
                         kernel.sent[next].bytes == packets[i].bytes;
    is_sent ? ++next : ++lost;
  }
  EXPECT(next == kernel.sent.size());
  // A joined message is lost as a whole, of up to 64.
  EXPECT(lost <= kernel.refusals * 64);
}

void Run(Input& input) {
  FakeKernel kernel;
  UdpSocket socket;
  const uint8_t flags = input.Byte();
  UdpOptions options;
  options.use_gso = (flags & 1) == 0;
  options.use_mmsg = (flags & 2) == 0;
  options.report_icmp = (flags & 8) != 0;
  EXPECT(socket.Open(AF_INET6, options) == 0);
  if ((flags & 4) != 0) EXPECT(socket.Connect(AddressBy(flags >> 4)) == 0);
  while (!input.empty()) {
    const Wanted wanted = ReadWanted(input, socket, kernel);
    kernel.sent.clear();
    kernel.refusals = 0;
    kernel.input = &input;
    Wanted sent = wanted;
    const size_t done = socket.Send(sent.bytes.data(), sent.outgoing.data(), sent.outgoing.size());
    Check(Arranged(wanted, sent), done, kernel);
    if (kernel.refusals == 0) EXPECT(!socket.has_error());
    socket.TakeError();
    const Bytes one = input.Short();
    kernel.sent.clear();
    const int error = socket.SendTo(one.data(), one.size(), AddressBy(input.Byte()));
    EXPECT((error == 0) == (kernel.sent.size() == 1));
    kernel.input = nullptr;
  }
}

}  // namespace

}  // namespace dtls::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  dtls::fuzz::Input input(data, size);
  dtls::fuzz::Run(input);
  return 0;
}
