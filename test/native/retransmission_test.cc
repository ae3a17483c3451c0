#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include "check.h"
#include "pair.h"
#include "tls/records.h"

namespace dtls::test {

namespace {

// OpenSSL reads its own clock, so these tests wait for real. It takes what is left under 15 ms for 0.
PairOptions QuickTimers() {
  PairOptions options;
  options.connection.initial_timeout_ms = 20;
  options.connection.max_timeout_ms = 1000;
  return options;
}

// Datagrams that one side sends in a handshake without losses.
size_t CountDatagrams(PairOptions options, Side from) {
  options.connection.initial_timeout_ms = options.connection.max_timeout_ms = 100000;
  Pair pair(options);
  size_t count = 0;
  pair.filter = [&](Side sender, const Bytes&) { return count += sender == from ? 1 : 0, true; };
  pair.Start();
  CHECK(pair.established());
  return count;
}

void CheckEachDatagramLost(const PairOptions& options, size_t least) {
  for (const Side from : {Side::kClient, Side::kServer}) {
    const size_t count = CountDatagrams(options, from);
    CHECK(count >= least);
    for (size_t lost = 0; lost < count; ++lost) {
      Pair pair(options);
      size_t sent = 0;
      pair.filter = [&](Side sender, const Bytes&) { return sender != from || sent++ != lost; };
      CHECK_EQ(pair.client->Start(), kIdle);
      pair.ExchangeWithTimeouts();
      CHECK(sent > lost);
      if (CHECK(pair.established())) CheckAlive(pair);
    }
  }
}

std::vector<uint64_t> SequenceNumbers(const std::vector<Bytes>& datagrams) {
  std::vector<uint64_t> numbers;
  for (const Bytes& record : RecordsOf(Join(datagrams))) {
    uint64_t number = 0;
    for (size_t i = 3; i < 11; ++i) number = number << 8 | record[i];
    numbers.push_back(number);
  }
  return numbers;
}

void WaitForTimeout(Connection& connection) {
  std::this_thread::sleep_for(std::chrono::milliseconds(connection.TimeoutMs()));
}

// The server is established, its last flight was lost.
struct LastFlightLost : Pair {
  LastFlightLost() : Pair(QuickTimers()) {
    filter = [this](Side from, const Bytes&) {
      return from == Side::kClient || server == nullptr || server->stage() != Stage::kEstablished;
    };
    Start();
    CHECK(server != nullptr && server->stage() == Stage::kEstablished);
    CHECK(client->stage() == Stage::kSentFinished);
  }

  std::vector<Bytes> ClientRetransmits() {
    WaitForTimeout(*client);
    CHECK_EQ(client->HandleTimeout(), kIdle);
    return TakeFrom(Side::kClient);
  }
};

}  // namespace

TEST("a handshake completes with any single datagram lost") { CheckEachDatagramLost(QuickTimers(), 3); }

TEST("a handshake of many small datagrams completes with any single one lost") {
  PairOptions options = QuickTimers();
  // A large hello, a large ServerKeyExchange and a large ClientKeyExchange.
  options.client_ciphers = "PSK:ALL";
  options.server_ciphers = "ECDHE-PSK-CHACHA20-POLY1305";
  options.hint = std::string(100, 'h');
  options.identity = std::string(128, 'i');
  options.connection.mtu = 256;
  CheckEachDatagramLost(options, 4);
}

TEST("a handshake completes with every datagram doubled") {
  Pair pair;
  pair.filter = [&](Side from, const Bytes& datagram) {
    pair.DeliverTo(from == Side::kClient ? Side::kServer : Side::kClient, datagram);
    return true;
  };
  pair.Start();
  CHECK(pair.established());
}

TEST("a handshake completes with the records of the last flights in any order") {
  std::vector<size_t> order = {0, 1, 2};
  do {
    Pair pair(QuickTimers());
    pair.filter = [&](Side from, const Bytes& datagram) {
      const auto records = RecordsOf(datagram);
      if (records.size() != order.size()) return true;
      for (const size_t i : order) pair.DeliverTo(from == Side::kClient ? Side::kServer : Side::kClient, records[i]);
      return false;
    };
    CHECK_EQ(pair.client->Start(), kIdle);
    pair.ExchangeWithTimeouts();
    CHECK(pair.established());
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST("nothing is sent again before the timeout") {
  Pair pair;
  CHECK_EQ(pair.client->Start(), kIdle);
  TakeAll(*pair.client);
  CHECK_EQ(pair.client->HandleTimeout(), kIdle);
  CHECK_EQ(TakeAll(*pair.client).size(), 0u);
}

TEST("a flight that is sent again has new sequence numbers and the same messages") {
  Pair pair(QuickTimers());
  CHECK_EQ(pair.client->Start(), kIdle);
  const auto first = TakeAll(*pair.client);
  WaitForTimeout(*pair.client);
  CHECK_EQ(pair.client->HandleTimeout(), kIdle);
  const auto second = TakeAll(*pair.client);
  REQUIRE(first.size() == 1 && second.size() == 1);
  CHECK(SequenceNumbers(second)[0] > SequenceNumbers(first)[0]);
  CHECK(Slice(first[0], kRecordHeaderSize, first[0].size()) == Slice(second[0], kRecordHeaderSize, second[0].size()));
}

TEST("the wait doubles after each timeout") {
  PairOptions options = QuickTimers();
  options.connection.initial_timeout_ms = 40;
  Pair pair(options);
  CHECK_EQ(pair.client->Start(), kIdle);
  WaitForTimeout(*pair.client);
  const auto before = std::chrono::steady_clock::now();
  CHECK_EQ(pair.client->HandleTimeout(), kIdle);
  const int32_t left = pair.client->TimeoutMs();
  const auto elapsed = std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - before);
  CHECK(left <= 80);
  // However slow this machine is: what is left and what has passed make up the wait, but for the last 15 ms.
  CHECK(left + elapsed.count() >= (left > 0 ? 80 : 65));
}

TEST("the wait does not exceed its maximum") {
  PairOptions options;
  options.connection.initial_timeout_ms = 100000;
  options.connection.max_timeout_ms = 500;
  Pair pair(options);
  CHECK_EQ(pair.client->Start(), kIdle);
  CHECK(pair.client->TimeoutMs() <= 500);
}

TEST("OpenSSL gives up at the thirteenth timeout") {
  PairOptions options;
  options.connection.initial_timeout_ms = options.connection.max_timeout_ms = 16;
  Pair pair(options);
  CHECK_EQ(pair.client->Start(), kIdle);
  for (int i = 0; i < 12; ++i) {
    TakeAll(*pair.client);
    WaitForTimeout(*pair.client);
    CHECK_EQ(pair.client->HandleTimeout(), kIdle);
    CHECK_EQ(TakeAll(*pair.client).size(), 1u);
  }
  WaitForTimeout(*pair.client);
  CHECK_EQ(pair.client->HandleTimeout(), kFailed);
  CHECK(!pair.client->reason().empty());
}

TEST("an established server sends its last flight again when the client repeats its Finished") {
  LastFlightLost pair;
  for (const Bytes& datagram : pair.ClientRetransmits()) {
    CHECK_EQ(pair.DeliverTo(Side::kServer, datagram).status, kIdle);
  }
  const auto again = pair.TakeFrom(Side::kServer);
  REQUIRE(again.size() == 1);
  CHECK_EQ(RecordsOf(again[0]).size(), 2u);
  CHECK(pair.DeliverTo(Side::kClient, again[0]).established);
}

TEST("an established server answers each repeated Finished once") {
  LastFlightLost pair;
  const auto repeated = pair.ClientRetransmits();
  for (const Bytes& datagram : repeated) pair.DeliverTo(Side::kServer, datagram);
  CHECK_EQ(pair.TakeFrom(Side::kServer).size(), 1u);
  // A copy made by the network is a replay.
  for (const Bytes& datagram : repeated) pair.DeliverTo(Side::kServer, datagram);
  CHECK_EQ(pair.TakeFrom(Side::kServer).size(), 0u);
}

TEST("the last flight that is sent again does not join application data") {
  LastFlightLost pair;
  const Bytes data = Written(*pair.server, "before");
  for (const Bytes& datagram : pair.ClientRetransmits()) pair.DeliverTo(Side::kServer, datagram);
  CHECK_EQ(pair.server->Write(BytesOf("behind").data(), 6), kIdle);
  const auto sent = pair.TakeFrom(Side::kServer);
  REQUIRE(sent.size() == 2);
  CHECK(pair.DeliverTo(Side::kClient, sent[0]).established);
  CHECK_EQ(pair.DeliverTo(Side::kClient, sent[1]).messages.size(), 1u);
  CHECK_EQ(pair.DeliverTo(Side::kClient, data).messages.size(), 1u);
}

TEST("a client's flight that arrives late at an established server does no harm") {
  Pair pair;
  std::vector<Bytes> from_client;
  pair.filter = [&](Side from, const Bytes& datagram) {
    if (from == Side::kClient) from_client.push_back(datagram);
    return true;
  };
  pair.Start();
  REQUIRE(pair.established());
  for (const Bytes& datagram : from_client) {
    const int32_t status = pair.DeliverTo(Side::kServer, datagram).status;
    // A hello, which is of another version, can have no effect any more.
    CHECK_EQ(status, IsClientHello(datagram.data(), datagram.size()) ? kUnwanted : kIdle);
  }
  CheckAlive(pair);
}

}  // namespace dtls::test
