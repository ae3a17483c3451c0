// What the kernel may hand to a UdpSocket, and how that tells it on.
#include <map>

#include "support/expect.h"
#include "support/fake_kernel.h"

namespace dtls::fuzz {

namespace {

class Receiver {
 public:
  explicit Receiver(Input* input) {
    kernel_.input = input;
    const uint8_t flags = input->Byte();
    UdpOptions options;
    options.use_mmsg = (flags & 1) == 0;
    options.use_gro = (flags & 2) == 0;
    options.report_icmp = (flags & 4) != 0;
    options.ttl = flags >> 4 & 1;
    options.dscp = (flags >> 5 & 1) - 1;
    options.receive_buffer = options.send_buffer = flags >> 6 & 1;
    options.ipv6_only = options.reuse_port = (flags & 0x80) != 0;
    is_open_ = socket_.Open((flags & 8) == 0 ? AF_INET : AF_INET6, options) == 0 && socket_.Bind(AddressBy(0)) == 0;
  }

  void Step(Input& input) {
    const uint8_t choice = input.Byte();
    if (!is_open_) return;
    switch (choice % 8) {
      case 0:
        return Know(AddressBy(choice / 8));
      case 1:
        return Forget(choice / 8);
      case 2:
        return TakeError();
      case 3:
        return Connect(AddressBy(choice / 8));
      default:
        return Receive(choice / 8 + 1u, input.Byte());
    }
  }

 private:
  // By a text, for it has no order of its own.
  static std::string KeyOf(const SocketAddress& address) {
    return address.ip() + ' ' + std::to_string(address.port());
  }

  void Connect(const SocketAddress& remote) {
    // First of all, so that the number is 0.
    if (knows_peers_ || kernel_.remote || socket_.Connect(remote) != 0) return;
    peers_.emplace(KeyOf(remote), 0);
  }

  void Know(const SocketAddress& address) {
    if (kernel_.remote) return;
    knows_peers_ = true;
    const int32_t number = socket_.peers().Intern(address);
    const auto [entry, is_new] = peers_.emplace(KeyOf(address), number);
    EXPECT(is_new || entry->second == number);
    EXPECT(*socket_.peers().AddressOf(number) == address);
  }

  void Forget(int32_t number) {
    if (kernel_.remote) return;
    socket_.peers().Forget(number);
    for (auto entry = peers_.begin(); entry != peers_.end(); ++entry) {
      if (entry->second == number) return static_cast<void>(peers_.erase(entry));
    }
  }

  int32_t NumberOf(const SocketAddress& address) const {
    const auto entry = peers_.find(KeyOf(address));
    return entry == peers_.end() ? PeerIndex::kStranger : entry->second;
  }

  void TakeError() {
    kernel_.icmp.reset();
    const int error = socket_.TakeError();
    EXPECT(!socket_.has_error() && error >= 0);
    if (!kernel_.icmp) return;
    EXPECT(error == kernel_.icmp->second && socket_.error_peer() == NumberOf(kernel_.icmp->first));
  }

  // A slab that ends in the middle of its last slot, too.
  void Receive(size_t slots, uint8_t last) {
    constexpr size_t kWholeSlots[] = {0, 1, 3, 10};
    constexpr size_t kLastSizes[] = {0, 1, 100, UdpSocket::kSlotSize - 1};
    const size_t size = kWholeSlots[slots % 4] * UdpSocket::kSlotSize + kLastSizes[last % 4];
    // To make them anew each time would take most of the time.
    static std::map<size_t, std::vector<uint8_t>> slabs;
    std::vector<uint8_t>& slab = slabs.emplace(size, size).first->second;
    std::vector<Received> received(slots);
    kernel_.handed.clear();
    const size_t count = socket_.Receive(slab.data(), size, received.data(), slots);
    EXPECT(count <= slots && count == kernel_.handed.size());
    for (size_t i = 0; i < count; ++i) {
      Check(received[i], kernel_.handed[i], i);
      EXPECT(static_cast<size_t>(received[i].offset + received[i].size) <= size);
    }
  }

  void Check(const Received& received, const Handed& handed, size_t entry) {
    EXPECT(received.peer == (kernel_.remote ? 0 : NumberOf(handed.sender)));
    EXPECT(static_cast<size_t>(received.offset) == entry * UdpSocket::kSlotSize);
    EXPECT(static_cast<size_t>(received.size) == handed.size);
    const auto segment_size = static_cast<int32_t>(handed.segment_size);
    EXPECT(received.segment_size == (handed.is_truncated ? Received::kTruncated : segment_size));
    if (!kernel_.remote) EXPECT(socket_.SenderOf(entry) == handed.sender);
  }

  FakeKernel kernel_;
  UdpSocket socket_;
  bool is_open_;
  bool knows_peers_ = false;
  std::map<std::string, int32_t> peers_;
};

}  // namespace

}  // namespace dtls::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  dtls::fuzz::Input input(data, size);
  dtls::fuzz::Receiver receiver(&input);
  while (!input.empty()) receiver.Step(input);
  return 0;
}
