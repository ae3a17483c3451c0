#include <chrono>
#include <thread>

#include "check.h"
#include "pair.h"
#include "tls/records.h"

namespace dtls::test {

namespace {

// Several datagrams a flight.
PairOptions SmallDatagrams() {
  PairOptions options;
  options.client_ciphers = options.server_ciphers = "ECDHE-PSK-CHACHA20-POLY1305";
  options.hint = std::string(100, 'h');
  options.connection.mtu = 256;
  options.connection.initial_timeout_ms = 1000;
  options.connection.max_timeout_ms = 60000;
  return options;
}

// Longer than OpenSSL's own timer of a connection with virtual time.
void LetOpensslTimerRunOut() { std::this_thread::sleep_for(std::chrono::milliseconds(30)); }

// A client with virtual time that waits for the server's first flight, which is under way.
struct FlightUnderWay : Pair {
  explicit FlightUnderWay(const PairOptions& options = SmallDatagrams()) : Pair(options) {
    client->UseVirtualTime();
    filter = [this](Side from, const Bytes& datagram) {
      if (from == Side::kClient || server == nullptr) return true;
      flight.push_back(datagram);
      return false;
    };
    Start();
    CHECK(flight.size() > 1);
  }

  std::vector<Bytes> flight;
};

}  // namespace

TEST("with virtual time, retransmissions follow the time that is told") {
  Pair pair(SmallDatagrams());
  pair.client->UseVirtualTime();
  CHECK_EQ(pair.client->Start(), kIdle);
  CHECK(!TakeAll(*pair.client).empty());
  double now_ms = 5;
  for (const int32_t wait_ms : {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000}) {
    CHECK_EQ(pair.client->TimeoutMs(now_ms), wait_ms);
    CHECK_EQ(pair.client->HandleTimeout(now_ms + wait_ms - 1), kIdle);
    CHECK(TakeAll(*pair.client).empty());
    now_ms += wait_ms;
    CHECK_EQ(pair.client->TimeoutMs(now_ms), 0);
    CHECK_EQ(pair.client->HandleTimeout(now_ms), kIdle);
    CHECK(!TakeAll(*pair.client).empty());
  }
}

TEST("with virtual time, OpenSSL still gives up at the thirteenth timeout") {
  Pair pair(SmallDatagrams());
  pair.client->UseVirtualTime();
  CHECK_EQ(pair.client->Start(), kIdle);
  for (int i = 1; i <= 12; ++i) {
    pair.client->TimeoutMs(0);
    CHECK_EQ(pair.client->HandleTimeout(60000), kIdle);
  }
  pair.client->TimeoutMs(0);
  CHECK_EQ(pair.client->HandleTimeout(60000), kFailed);
}

TEST("with virtual time, no timer runs once the handshake is complete") {
  Pair pair(SmallDatagrams());
  pair.client->UseVirtualTime();
  pair.on_server = [](Connection& server) { server.UseVirtualTime(); };
  pair.Start();
  CHECK(pair.established());
  CHECK_EQ(pair.client->TimeoutMs(1e6), -1);
  CHECK_EQ(pair.server->TimeoutMs(1e6), -1);
  CHECK_EQ(pair.client->HandleTimeout(1e6), kIdle);
}

TEST("with virtual time, what OpenSSL sends again while it reads part of a flight is discarded") {
  FlightUnderWay pair;
  LetOpensslTimerRunOut();
  pair.DeliverTo(Side::kClient, pair.flight[0]);
  CHECK(pair.TakeFrom(Side::kClient).empty());
  CHECK(pair.client->TimeoutMs(0) > 0);
}

TEST("with virtual time, a flight that answers what was read after OpenSSL's wait is not discarded") {
  FlightUnderWay pair;
  for (const Bytes& datagram : pair.flight) {
    LetOpensslTimerRunOut();
    pair.DeliverTo(Side::kClient, datagram);
  }
  CHECK(!pair.TakeFrom(Side::kClient).empty());
  CHECK(pair.client->stage() == Stage::kSentFinished);
}

TEST("with virtual time, an alert is not discarded") {
  FlightUnderWay pair;
  Bytes broken = pair.flight[0];
  // The version in the ServerHello.
  broken[kRecordHeaderSize + 12] ^= 0xff;
  LetOpensslTimerRunOut();
  CHECK_EQ(pair.DeliverTo(Side::kClient, broken).status, kFailed);
  const auto sent = pair.TakeFrom(Side::kClient);
  REQUIRE(sent.size() == 1);
  CHECK_EQ(static_cast<int>(sent[0][0]), static_cast<int>(kAlert));
}

}  // namespace dtls::test
