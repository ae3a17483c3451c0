#include <string>
#include <vector>

#include "check.h"
#include "udp/peer_runs.h"

namespace dtls::test {

namespace {

struct Batch {
  std::string bytes;
  std::vector<Outgoing> outgoing;

  void Add(int32_t peer, const std::string& text) {
    bytes += text;
    outgoing.push_back({peer, static_cast<int32_t>(text.size())});
  }

  // "peer:text peer:text ..."
  std::string Text() const {
    std::string text;
    size_t at = 0;
    for (const Outgoing& each : outgoing) {
      const auto size = static_cast<size_t>(each.size);
      text += std::to_string(each.peer) + ":" + bytes.substr(at, size) + " ";
      at += size;
    }
    return text;
  }

  void Gather() {
    PeerRuns runs;
    runs.Gather(reinterpret_cast<uint8_t*>(bytes.data()), outgoing.data(), outgoing.size());
  }
};

}  // namespace

TEST("datagrams are gathered by peer, in their order, with their bytes") {
  Batch batch;
  batch.Add(7, "a");
  batch.Add(5, "bb");
  batch.Add(7, "ccc");
  batch.Add(9, "");
  batch.Add(5, "dddd");
  batch.Add(7, "e");
  batch.Gather();
  CHECK_EQ(batch.Text(), "7:a 7:ccc 7:e 5:bb 5:dddd 9: ");
}

TEST("what is together already stays as it is") {
  for (const std::vector<int32_t>& peers : std::vector<std::vector<int32_t>>{{}, {1}, {1, 1, 2, 2, 2, 3}, {4, 3, 2}}) {
    Batch batch;
    for (const int32_t peer : peers) batch.Add(peer, std::string(static_cast<size_t>(peer), 'x'));
    const std::string before = batch.Text();
    batch.Gather();
    CHECK_EQ(batch.Text(), before);
  }
}

TEST("64 datagrams at a time are gathered, and none gets among others than its neighbours") {
  Batch batch;
  for (int i = 0; i < 150; ++i) batch.Add(i % 3, std::to_string(i));
  batch.Gather();
  std::vector<int> peers;
  for (const Outgoing& each : batch.outgoing) peers.push_back(each.peer);
  for (const int begin : {0, 64, 128}) {
    const auto first = peers.begin() + begin;
    const auto last = begin + 64 < 150 ? first + 64 : peers.end();
    int changes = 0;
    for (auto peer = first + 1; peer != last; ++peer) changes += *peer == *(peer - 1) ? 0 : 1;
    CHECK_EQ(changes, 2);
  }
  // Each peer's still count up.
  const std::string text = batch.Text();
  for (int i = 3; i < 150; ++i) {
    const auto at = [&](int n) { return text.find(":" + std::to_string(n) + " "); };
    CHECK(at(i - 3) < at(i));
  }
}

}  // namespace dtls::test
