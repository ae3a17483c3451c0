#include <string>

#include "check.h"
#include "pair.h"
#include "tls/records.h"

namespace dtls::test {

namespace {

constexpr int kCloseNotify = 1 << 8;

// Handshake done but for the server's last flight, here as its records: change of cipher, Finished.
struct LastFlightHeld : Pair {
  LastFlightHeld() {
    filter = [this](Side from, const Bytes& datagram) {
      if (from == Side::kClient || server == nullptr || server->stage() != Stage::kEstablished) return true;
      flight = RecordsOf(datagram);
      return false;
    };
    Start();
    CHECK_EQ(flight.size(), 2u);
  }

  std::vector<Bytes> flight;
};

}  // namespace

TEST("messages arrive unchanged in both directions") {
  EstablishedPair pair;
  std::string every_byte;
  for (int i = 0; i < 256; ++i) every_byte.push_back(static_cast<char>(i));
  for (const std::string& message : {std::string("x"), std::string("\0", 1), every_byte, std::string(1100, 'm')}) {
    const auto to_server = Deliver(*pair.server, Written(*pair.client, message)).messages;
    const auto to_client = Deliver(*pair.client, Written(*pair.server, message)).messages;
    CHECK(to_server == std::vector<std::string>{message});
    CHECK(to_client == std::vector<std::string>{message});
  }
}

TEST("one write is one datagram, whatever waits already") {
  EstablishedPair pair;
  for (const char* message : {"one", "two", "three"}) {
    CHECK_EQ(pair.client->Write(BytesOf(message).data(), std::string(message).size()), kIdle);
  }
  const auto datagrams = TakeAll(*pair.client);
  REQUIRE(datagrams.size() == 3);
  for (const Bytes& datagram : datagrams) CHECK_EQ(RecordsOf(datagram).size(), 1u);
  CHECK_EQ(Deliver(*pair.server, datagrams[1]).messages.at(0), "two");
}

TEST("datagrams that overtake each other are all read, a repeated one only once") {
  EstablishedPair pair;
  const Bytes first = Written(*pair.client, "first");
  const Bytes second = Written(*pair.client, "second");
  CHECK_EQ(Deliver(*pair.server, second).messages.at(0), "second");
  CHECK_EQ(Deliver(*pair.server, first).messages.at(0), "first");
  CHECK_EQ(Deliver(*pair.server, first).messages.size(), 0u);
}

TEST("every record of a datagram is read") {
  EstablishedPair pair;
  const Bytes one = Written(*pair.client, "one");
  const Bytes two = Written(*pair.client, "two");
  const Bytes both = Join({one, two});
  Bytes into(16384);
  CHECK_EQ(pair.server->Receive(both.data(), both.size(), into.data(), into.size()), 3);
  CHECK_EQ(pair.server->Poll(into.data(), into.size()), 3);
  CHECK_EQ(std::string(into.begin(), into.begin() + 3), "two");
  CHECK_EQ(pair.server->Poll(into.data(), into.size()), kIdle);
}

TEST("a datagram of more than 16 KiB loses none of its records") {
  EstablishedPair pair;
  std::vector<Bytes> records;
  std::vector<std::string> messages;
  for (const size_t size : {16384, 1, 10000, 10000, 10000, 12000}) {
    messages.emplace_back(size, static_cast<char>('a' + messages.size()));
    records.push_back(Written(*pair.client, messages.back()));
  }
  const Delivery delivery = Deliver(*pair.server, Join(records));
  CHECK(delivery.messages == messages);
  CHECK_EQ(delivery.status, kIdle);
}

TEST("a datagram of many records loses none") {
  EstablishedPair pair;
  std::vector<Bytes> records;
  for (int i = 0; i < 1500; ++i) records.push_back(Written(*pair.client, "m"));
  CHECK_EQ(Deliver(*pair.server, Join(records)).messages.size(), 1500u);
}

TEST("good records are read before and after one that does not authenticate") {
  EstablishedPair pair;
  const Bytes one = Written(*pair.client, "one");
  Bytes forged = Written(*pair.client, "two");
  const Bytes three = Written(*pair.client, "three");
  forged.back() ^= 1;
  const auto messages = Deliver(*pair.server, Join({one, forged, three})).messages;
  CHECK(messages == (std::vector<std::string>{"one", "three"}));
}

TEST("a write of 16384 bytes passes as one message") {
  EstablishedPair pair;
  const std::string largest(16384, 'x');
  CHECK(Deliver(*pair.server, Written(*pair.client, largest)).messages == std::vector<std::string>{largest});
}

TEST("a write of 0 or of 16385 bytes sends nothing and fails the connection") {
  for (const size_t size : {0, 16385}) {
    EstablishedPair pair;
    const Bytes data(16385);
    CHECK_EQ(pair.client->Write(data.data(), size), kFailed);
    CHECK_EQ(TakeAll(*pair.client).size(), 0u);
  }
}

TEST("application data between the change of cipher and Finished is released with the handshake") {
  LastFlightHeld pair;
  const Bytes early = Written(*pair.server, "early");
  const Bytes large = Written(*pair.server, std::string(16384, 'x'));
  for (const Bytes& datagram : {pair.flight.at(0), early, large}) {
    const Delivery delivery = pair.DeliverTo(Side::kClient, datagram);
    CHECK(!delivery.established);
    CHECK_EQ(delivery.status, kIdle);
    CHECK_EQ(delivery.messages.size(), 0u);
  }
  const Delivery delivery = pair.DeliverTo(Side::kClient, pair.flight.at(1));
  CHECK(delivery.established);
  CHECK(delivery.messages == (std::vector<std::string>{"early", std::string(16384, 'x')}));
}

TEST("application data before the change of cipher does not fail the handshake") {
  LastFlightHeld pair;
  CHECK_EQ(pair.DeliverTo(Side::kClient, Written(*pair.server, "early")).status, kIdle);
  CHECK(pair.DeliverTo(Side::kClient, Join(pair.flight)).established);
  CHECK_EQ(Deliver(*pair.client, Written(*pair.server, "later")).messages.size(), 1u);
}

TEST("a Finished that overtakes the change of cipher is kept") {
  LastFlightHeld pair;
  CHECK(!pair.DeliverTo(Side::kClient, pair.flight.at(1)).established);
  CHECK(pair.DeliverTo(Side::kClient, pair.flight.at(0)).established);
}

TEST("application data in the datagram of the last flight is read") {
  LastFlightHeld pair;
  const Bytes data = Written(*pair.server, "at once");
  const Delivery delivery = pair.DeliverTo(Side::kClient, Join({pair.flight.at(0), pair.flight.at(1), data}));
  CHECK(delivery.established);
  CHECK(delivery.messages == std::vector<std::string>{"at once"});
}

TEST("a shutdown tells the peer, and the peer keeps telling") {
  EstablishedPair pair;
  CHECK_EQ(pair.client->Shutdown(), kIdle);
  const auto datagrams = TakeAll(*pair.client);
  REQUIRE(datagrams.size() == 1);
  CHECK_EQ(Deliver(*pair.server, datagrams[0]).status, kClosed);
  CHECK_EQ(pair.server->alert_received(), kCloseNotify);
  CHECK_EQ(pair.client->alert_sent(), kCloseNotify);
  Bytes into(16384);
  CHECK_EQ(pair.server->Poll(into.data(), into.size()), kClosed);
}

TEST("a message before close_notify in one datagram is read first") {
  EstablishedPair pair;
  const Bytes last_words = Written(*pair.client, "bye");
  CHECK_EQ(pair.client->Shutdown(), kIdle);
  const Delivery delivery = Deliver(*pair.server, Join({last_words, TakeAll(*pair.client).at(0)}));
  CHECK(delivery.messages == std::vector<std::string>{"bye"});
  CHECK_EQ(delivery.status, kClosed);
}

TEST("the side that received close_notify can send its own") {
  EstablishedPair pair;
  pair.client->Shutdown();
  Deliver(*pair.server, TakeAll(*pair.client).at(0));
  CHECK_EQ(pair.server->Shutdown(), kIdle);
  const auto answer = TakeAll(*pair.server);
  REQUIRE(answer.size() == 1);
  CHECK_EQ(Deliver(*pair.client, answer[0]).status, kClosed);
}

TEST("a second shutdown sends nothing more") {
  EstablishedPair pair;
  pair.client->Shutdown();
  TakeAll(*pair.client);
  CHECK_EQ(pair.client->Shutdown(), kIdle);
  CHECK_EQ(TakeAll(*pair.client).size(), 0u);
}

TEST("a write after a shutdown fails and sends nothing") {
  EstablishedPair pair;
  pair.client->Shutdown();
  TakeAll(*pair.client);
  CHECK_EQ(pair.client->Write(BytesOf("late").data(), 4), kFailed);
  CHECK_EQ(TakeAll(*pair.client).size(), 0u);
}

TEST("the largest payload fills the MTU and one byte more does not fit") {
  for (const char* suite : {"PSK-AES128-GCM-SHA256", "PSK-AES128-CCM", "PSK-AES128-CCM8:@SECLEVEL=0",
                            "PSK-CHACHA20-POLY1305", "PSK-AES128-CBC-SHA256", "PSK-AES256-CBC-SHA384"}) {
    PairOptions options;
    options.client_ciphers = options.server_ciphers = suite;
    EstablishedPair pair(options);
    for (const size_t mtu : {256, 1199, 1200, 1201, 1216, 5000}) {
      for (Connection* side : {pair.client.get(), pair.server.get()}) {
        const size_t largest = side->MaxPayload(mtu);
        CHECK(largest > 0);
        CHECK(Written(*side, std::string(largest, 'x')).size() <= mtu);
        CHECK(Written(*side, std::string(largest + 1, 'x')).size() > mtu);
      }
    }
  }
}

TEST("the largest payload of a huge MTU is what one record takes") {
  CHECK_EQ(EstablishedPair().client->MaxPayload(65507), 16384u);
}

TEST("there is no largest payload before the handshake is complete") { CHECK_EQ(Pair().client->MaxPayload(1200), 0u); }

TEST("whoever asks to renegotiate is refused, and the other side goes on") {
  constexpr int kNoRenegotiation = 1 << 8 | 100;
  for (const bool client_asks : {true, false}) {
    EstablishedPair pair;
    Connection& asking = client_asks ? *pair.client : *pair.server;
    Connection& asked = client_asks ? *pair.server : *pair.client;
    SSL_clear_options(asking.ssl(), SSL_OP_NO_RENEGOTIATION);
    CHECK_EQ(SSL_renegotiate(asking.ssl()), 1);
    SSL_do_handshake(asking.ssl());
    for (const Bytes& datagram : TakeAll(asking)) CHECK_EQ(Deliver(asked, datagram).status, kIdle);
    CHECK_EQ(asked.alert_sent(), kNoRenegotiation);
    CHECK_EQ(RecordsOf(Join(TakeAll(asked))).size(), 1u);
    CHECK(asked.stage() == Stage::kEstablished);
    Written(asked, "on");
  }
}

TEST("half of a hello for another handshake does not take an association back to its handshake") {
  PairOptions options;
  options.client_ciphers = "PSK:ALL";
  EstablishedPair pair(options);
  SSL_clear_options(pair.client->ssl(), SSL_OP_NO_RENEGOTIATION);
  pair.client->SetMtu(256);
  CHECK_EQ(SSL_renegotiate(pair.client->ssl()), 1);
  SSL_do_handshake(pair.client->ssl());
  const std::vector<Bytes> halves = TakeAll(*pair.client);
  CHECK_EQ(halves.size(), 2u);
  for (const Bytes& half : halves) {
    const Delivery delivery = Deliver(*pair.server, half);
    CHECK_EQ(delivery.status, kIdle);
    CHECK(!delivery.established);
    CHECK(pair.server->stage() == Stage::kEstablished);
    CHECK(pair.server->MaxPayload(1200) > 0);
  }
  CHECK_EQ(TakeAll(*pair.server).size(), 1u);
  Written(*pair.server, "on");
}

}  // namespace dtls::test
