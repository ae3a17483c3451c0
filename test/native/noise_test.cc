#include <random>
#include <string>
#include <utility>

#include "check.h"
#include "pair.h"
#include "tls/records.h"

namespace dtls::test {

namespace {

// What a UDP port sees that is no DTLS record of ours.
std::vector<Bytes> Foreign() {
  return {
      {},
      {0},
      {kHandshake, 0xfe, 0xfd},
      Bytes(kRecordHeaderSize - 1, kHandshake),
      Bytes(1500, 0),
      Bytes(65507, 0xff),
      // A STUN binding request (RFC 5389).
      {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
      // A TLS record over UDP.
      {22, 3, 3, 0, 5, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0},
      // RTP, and a CoAP message without DTLS.
      {0x80, 0x60, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xaa, 0xbb},
      {0x40, 0x01, 0x30, 0x39, 0x21, 0x61, 0x63, 0x6f, 0x72, 0x65, 0x20, 0x20, 0x20},
      // A connection ID record (RFC 9146).
      RecordOf(25, 1, 0, Bytes(40)),
      // Of future epochs.
      RecordOf(kHandshake, 2, 0, Bytes(40)),
      RecordOf(kApplicationData, 3, 0, Bytes(40)),
      RecordOf(kAlert, 65535, 0, {2, 40}),
  };
}

// Nothing ends by a datagram of this status.
bool IsHarmless(int32_t status) {
  return status == kIdle || status == kForged || status == kReplayed || status == kUnwanted;
}

// Nothing comes of the datagram: no message, no answer, no failure.
bool Ignores(Connection& connection, const Bytes& datagram) {
  const Delivery delivery = Deliver(connection, datagram);
  return IsHarmless(delivery.status) && delivery.messages.empty() && TakeAll(connection).empty();
}

Bytes Mutated(Bytes datagram, std::mt19937& random) {
  if (datagram.empty()) return datagram;
  const auto below = [&](size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random); };
  switch (below(4)) {
    case 0:
      datagram.resize(below(datagram.size()));
      break;
    case 1:
      datagram.insert(datagram.end(), datagram.begin(), datagram.end());
      break;
    default:
      for (size_t i = below(4); i < 4; ++i) datagram[below(datagram.size())] = static_cast<uint8_t>(random());
  }
  return datagram;
}

// Every datagram of a handshake and of some traffic.
std::vector<std::pair<Side, Bytes>> Recorded() {
  std::vector<std::pair<Side, Bytes>> recorded;
  Pair pair;
  pair.filter = [&](Side from, const Bytes& datagram) { return recorded.emplace_back(from, datagram), true; };
  pair.Start();
  recorded.emplace_back(Side::kClient, Written(*pair.client, "ping"));
  recorded.emplace_back(Side::kServer, Written(*pair.server, "pong"));
  pair.client->Shutdown();
  recorded.emplace_back(Side::kClient, TakeAll(*pair.client).at(0));
  return recorded;
}

constexpr uint32_t kSeed = 20;

// One of each way to protect a record.
constexpr const char* kSuites[] = {"PSK-AES128-GCM-SHA256", "PSK-AES128-CCM", "PSK-AES128-CCM8:@SECLEVEL=0",
                                   "PSK-CHACHA20-POLY1305", "PSK-AES128-CBC-SHA256"};

}  // namespace

TEST("foreign datagrams during a handshake are ignored without a trace") {
  Pair pair;
  pair.filter = [&](Side, const Bytes&) {
    for (const Bytes& datagram : Foreign()) {
      CHECK(Ignores(*pair.client, datagram));
      if (pair.server != nullptr) CHECK(Ignores(*pair.server, datagram));
    }
    return true;
  };
  CHECK_EQ(pair.client->Start(), kIdle);
  pair.Exchange();
  CHECK(pair.established());
}

TEST("foreign datagrams after a handshake are ignored without a trace") {
  EstablishedPair pair;
  for (const Bytes& datagram : Foreign()) {
    CHECK(Ignores(*pair.client, datagram));
    CHECK(Ignores(*pair.server, datagram));
  }
  CheckAlive(pair);
}

TEST("foreign bytes behind a good record do not spoil it") {
  EstablishedPair pair;
  for (const Bytes& foreign : Foreign()) {
    const Bytes good = Written(*pair.client, "good");
    CHECK_EQ(Deliver(*pair.server, Join({good, foreign})).messages.size(), 1u);
  }
}

TEST("a record with any bit changed is ignored") {
  for (const char* suite : kSuites) {
    PairOptions options;
    options.client_ciphers = options.server_ciphers = suite;
    EstablishedPair pair(options);
    const Bytes good = Written(*pair.client, "good");
    for (size_t i = 0; i < good.size() * 8; ++i) {
      Bytes changed = good;
      changed[i / 8] ^= static_cast<uint8_t>(1 << i % 8);
      REQUIRE(Ignores(*pair.server, changed));
    }
    CHECK_EQ(Deliver(*pair.server, good).messages.size(), 1u);
    CheckAlive(pair);
  }
}

TEST("a record cut short is ignored") {
  EstablishedPair pair;
  const Bytes good = Written(*pair.client, "good");
  for (size_t size = 0; size < good.size(); ++size) CHECK(Ignores(*pair.server, Slice(good, 0, size)));
  CHECK_EQ(Deliver(*pair.server, good).messages.size(), 1u);
}

TEST("an encrypted record too short for its cipher is ignored") {
  for (const char* suite : kSuites) {
    PairOptions options;
    options.client_ciphers = options.server_ciphers = suite;
    EstablishedPair pair(options);
    for (uint16_t size = 0; size < 70; ++size) {
      for (uint8_t type = kChangeCipherSpec; type <= kApplicationData; ++type) {
        REQUIRE(Ignores(*pair.server, RecordOf(type, 1, static_cast<uint16_t>(1000 + size), Bytes(size))));
      }
    }
    CheckAlive(pair);
  }
}

TEST("records of the handshake's epoch cannot touch an established connection") {
  EstablishedPair pair;
  for (const Bytes& datagram :
       {RecordOf(kAlert, 0, 50, {1, 0}), RecordOf(kAlert, 0, 51, {2, 40}), RecordOf(kApplicationData, 0, 52, Bytes(20)),
        RecordOf(kChangeCipherSpec, 0, 53, {1}), RecordOf(kHandshake, 0, 54, Bytes(60, 0xaa)),
        // HelloRequest and a Finished in clear.
        RecordOf(kHandshake, 0, 55, Bytes(12)), RecordOf(kHandshake, 0, 56, Join({{20, 0, 0, 12}, Bytes(20)}))}) {
    CHECK(Ignores(*pair.client, datagram));
    CHECK(Ignores(*pair.server, datagram));
  }
  CheckAlive(pair);
}

TEST("application data in clear does not fail a handshake") {
  Pair pair;
  pair.filter = [&](Side, const Bytes&) {
    CHECK(Ignores(*pair.client, RecordOf(kApplicationData, 0, 60, Bytes(20, 0xaa))));
    if (pair.server != nullptr) CHECK(Ignores(*pair.server, RecordOf(kApplicationData, 0, 61, Bytes(20, 0xaa))));
    return true;
  };
  CHECK_EQ(pair.client->Start(), kIdle);
  pair.Exchange();
  CHECK(pair.established());
}

TEST("warnings in clear neither fail a handshake nor count as its alert") {
  Pair pair;
  uint16_t sequence = 60;
  pair.filter = [&](Side, const Bytes&) {
    const Bytes warning = RecordOf(kAlert, 0, sequence++, {1, 112});
    CHECK(Ignores(*pair.client, warning));
    if (pair.server != nullptr) CHECK(Ignores(*pair.server, warning));
    return true;
  };
  CHECK_EQ(pair.client->Start(), kIdle);
  pair.Exchange();
  CHECK(pair.established());
  CHECK_EQ(pair.client->alert_received(), -1);
}

TEST("a warning in clear does not cost the handshake messages that share its datagram") {
  Pair pair;
  std::vector<Bytes> withheld;
  pair.filter = [&](Side from, const Bytes& datagram) {
    if (from == Side::kServer) withheld.push_back(Join({RecordOf(kAlert, 0, 50, {1, 112}), datagram}));
    return from == Side::kClient;
  };
  CHECK_EQ(pair.client->Start(), kIdle);
  for (int flight = 0; flight < 3; ++flight) {
    pair.Exchange();
    for (const Bytes& datagram : std::exchange(withheld, {})) pair.DeliverTo(Side::kClient, datagram);
  }
  CHECK(pair.established());
}

TEST("a flood of early ciphertexts does not keep a handshake from completing") {
  Pair pair;
  uint16_t sequence = 100;
  pair.filter = [&](Side, const Bytes&) {
    for (int i = 0; i < 50; ++i) {
      const Bytes early = RecordOf(kApplicationData, 1, sequence++, Bytes(100, 0xaa));
      CHECK(Ignores(*pair.client, early));
      if (pair.server != nullptr) CHECK(Ignores(*pair.server, early));
    }
    return true;
  };
  CHECK_EQ(pair.client->Start(), kIdle);
  pair.Exchange();
  CHECK(pair.established());
}

TEST("another connection's records are ignored") {
  EstablishedPair pair;
  EstablishedPair other;
  CHECK(Ignores(*pair.server, Written(*other.client, "not yours")));
  CHECK_EQ(other.client->Shutdown(), kIdle);
  CHECK(Ignores(*pair.server, TakeAll(*other.client).at(0)));
  CheckAlive(pair);
}

TEST("an established connection survives 3000 mutated datagrams") {
  std::mt19937 random(kSeed);
  const auto recorded = Recorded();
  EstablishedPair pair;
  for (int i = 0; i < 3000; ++i) {
    const Bytes datagram = Mutated(recorded[random() % recorded.size()].second, random);
    for (Connection* side : {pair.client.get(), pair.server.get()}) {
      if (IsHarmless(Deliver(*side, datagram).status)) continue;
      CHECK_EQ("failed with seed and step", std::to_string(kSeed) + ' ' + std::to_string(i));
      return;
    }
  }
  TakeAll(*pair.client);
  TakeAll(*pair.server);
  CheckAlive(pair);
}

TEST("mutated datagrams during a handshake break no memory") {
  std::mt19937 random(kSeed);
  for (int i = 0; i < 150; ++i) {
    Pair pair;
    pair.filter = [&](Side from, const Bytes& datagram) {
      if (random() % 3 != 0) return true;
      pair.DeliverTo(from == Side::kClient ? Side::kServer : Side::kClient, Mutated(datagram, random));
      return random() % 2 == 0;
    };
    pair.client->Start();
    pair.Exchange();
  }
}

}  // namespace dtls::test
