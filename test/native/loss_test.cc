// A client against a server that asks for no cookie, as many do; ours always asks: test/lab has those handshakes. In
// virtual time.
#include <algorithm>
#include <functional>
#include <vector>

#include "check.h"
#include "meeting.h"
#include "tls/records.h"

namespace dtls::test {

namespace {

constexpr double kTimeoutMs = 1000;
// Beyond the first timeout, and before the next.
constexpr double kLateMs = 1500;

Fate Lost(size_t which) {
  return [=](size_t n, const Bytes& datagram) { return n == which ? std::vector<Arriving>() : Arrives(n, datagram); };
}

Fate Doubled(size_t which) {
  return [=](size_t n, const Bytes& datagram) {
    return std::vector<Arriving>(n == which ? 2 : 1, Arriving{datagram});
  };
}

Fate Late(size_t which) {
  return [=](size_t n, const Bytes& datagram) {
    return std::vector<Arriving>{{datagram, n == which ? kLateMs : 0}};
  };
}

// Arrives after the datagram that follows it.
Fate Overtaken(size_t which) {
  return [which, held = Bytes()](size_t n, const Bytes& datagram) mutable -> std::vector<Arriving> {
    if (n != which) return n == which + 1 ? std::vector<Arriving>{{datagram}, {held}} : Arrives(n, datagram);
    held = datagram;
    return {};
  };
}

Fate CutTo(size_t which, size_t size) {
  return [=](size_t n, const Bytes& datagram) {
    return Arrives(n, n == which ? Slice(datagram, 0, std::min(size, datagram.size())) : datagram);
  };
}

using Befall = std::function<void(Meeting&)>;

void CheckCompletes(const Kind& kind, double within_ms, const Befall& befall) {
  Meeting meeting(kind);
  befall(meeting);
  meeting.Run();
  CHECK(meeting.now_ms <= within_ms);
  REQUIRE(meeting.established());
  CHECK_EQ(meeting.is_resumed(), !kind.session.empty());
  CheckAlive(*meeting.client.connection, *meeting.server.connection);
}

// Each datagram of each kind of handshake, of either side.
void ForEachDatagram(const std::function<void(const Kind&, End Meeting::*side, size_t n)>& use) {
  for (const Kind& kind : AllKinds()) {
    const auto [from_client, from_server] = Count(kind);
    for (size_t n = 0; n < from_client; ++n) use(kind, &Meeting::client, n);
    for (size_t n = 0; n < from_server; ++n) use(kind, &Meeting::server, n);
  }
}

void CheckEach(const std::function<Fate(size_t n)>& fate, double within_ms) {
  ForEachDatagram([&](const Kind& kind, End Meeting::*side, size_t n) {
    CheckCompletes(kind, within_ms, [&](Meeting& meeting) { (meeting.*side).fate = fate(n); });
  });
}

struct Datagram {
  End Meeting::*side;
  size_t n;
};

// Those of a handshake, and of each side two that are sent again.
std::vector<Datagram> DatagramsOf(const Kind& kind) {
  constexpr size_t kBeyond = 2;
  const auto [from_client, from_server] = Count(kind);
  std::vector<Datagram> all;
  for (size_t n = 0; n < from_client + kBeyond; ++n) all.push_back({&Meeting::client, n});
  for (size_t n = 0; n < from_server + kBeyond; ++n) all.push_back({&Meeting::server, n});
  return all;
}

// Any datagram is lost, and any other has this fate; each two once when it is the same.
void CheckPairs(const std::function<Fate(size_t n)>& fate, double within_ms, bool is_same = false) {
  for (const Kind& kind : AllKinds()) {
    const std::vector<Datagram> all = DatagramsOf(kind);
    for (size_t lost = 0; lost < all.size(); ++lost) {
      for (size_t other = is_same ? lost + 1 : 0; other < all.size(); ++other) {
        if (other == lost) continue;
        CheckCompletes(kind, within_ms, [&](Meeting& meeting) {
          (meeting.*all[lost].side).fate = Lost(all[lost].n);
          End& side = meeting.*all[other].side;
          side.fate = InTurn(side.fate, fate(all[other].n));
        });
      }
    }
  }
}

}  // namespace

TEST("without a cookie, the server's first datagram is its ServerHello") {
  for (const Kind& kind : AllKinds()) {
    Meeting meeting(kind);
    Bytes first;
    meeting.server.fate = [&](size_t n, const Bytes& datagram) {
      if (n == 0) first = datagram;
      return Arrives(n, datagram);
    };
    meeting.Run();
    REQUIRE(first.size() > kRecordHeaderSize);
    CHECK_EQ(first[kRecordHeaderSize], 2);
  }
}

TEST("without a cookie, a handshake completes when any datagram is lost") { CheckEach(Lost, kTimeoutMs); }

TEST("without a cookie, a handshake completes when any datagram is doubled") { CheckEach(Doubled, 0); }

// The late one is there after the handshake, too.
TEST("without a cookie, a handshake completes when any datagram is later than its repetition") {
  CheckEach(Late, kLateMs);
}

TEST("without a cookie, a handshake completes when any datagram is behind the next") { CheckEach(Overtaken, kTimeoutMs); }

TEST("without a cookie, a handshake completes when any datagram is cut off anywhere") {
  for (const size_t size : {0, 1, 12, 13, 20, 25, 26, 60}) {
    CheckEach([=](size_t n) { return CutTo(n, size); }, kTimeoutMs);
  }
}

TEST("without a cookie, a handshake completes when any two datagrams are lost") {
  CheckPairs(Lost, 3 * kTimeoutMs, true);
}

TEST("without a cookie, a handshake completes when any datagram is lost and any other doubled") {
  CheckPairs(Doubled, 3 * kTimeoutMs);
}

TEST("without a cookie, a handshake completes when any datagram is lost and any other later than its repetition") {
  CheckPairs(Late, 3 * kTimeoutMs);
}

TEST("without a cookie, a handshake completes when any datagram is lost and any other behind the next") {
  CheckPairs(Overtaken, 3 * kTimeoutMs);
}

}  // namespace dtls::test
